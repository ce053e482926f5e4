/** What this document shows or hides, as one text: the same that `html-form.ts` makes of the page's markup.
 *  To be taken when all is read and nothing has been changed yet. */
export function formOf(root) {
  const parts = [];
  let afterText = false;

  function put(part) {
    parts.push(part);
    afterText = false;
  }

  function takeText({ data, parentNode }) {
    if (/^[\t\n\f\r ]*$/.test(data) && /^(html|body)$/.test(parentNode.localName)) return;
    // A browser cuts a long text into several nodes.
    parts.push(afterText ? data : `\0.${data}`);
    afterText = true;
  }

  function takeElement(element) {
    const { localName, namespaceURI } = element;
    const isForeign = namespaceURI !== "http://www.w3.org/1999/xhtml";
    put(`\0<${isForeign ? `${namespaceURI} ` : ""}${localName}`);
    for (const name of element.getAttributeNames().sort()) {
      if (localName === "details" && name === "open") continue;
      put(`\0@${name}\0=${element.getAttribute(name)}`);
    }
    if (element.shadowRoot) put("\0/");
    if (element.id !== "statement") takeAllIn(element);
    put("\0>");
  }

  function takeAllIn(parent) {
    for (let node = parent.firstChild; node; node = node.nextSibling) {
      if (node.nodeType === Node.ELEMENT_NODE) takeElement(node);
      else if (node.nodeType === Node.TEXT_NODE) takeText(node);
      else if (node === root.doctype) put(`\0!${node.name}${node.publicId}${node.systemId}`);
      else put(`\0#${node.nodeType}${node.nodeValue}`);
    }
  }

  takeAllIn(root);
  return parts.join("");
}

/** A closed shadow is seen by readers, and by no script. The same markup without a parser that makes shadows of it
 *  shows what `formOf` has read, and nothing else. To be called before anything holds on to a part of the page. */
export function dropShadows() {
  const body = document.createElement("body");
  body.innerHTML = document.body.innerHTML;
  document.body.replaceWith(body);
  // What the address names was taken away, and is there again.
  if (location.hash) location.replace(location.hash);
}
