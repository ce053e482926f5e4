import { startCheck } from "./html-check.js";
import { startAttempts } from "./html-filter.js";
import { dropShadows, formOf } from "./html-form.js";

addEventListener("DOMContentLoaded", () => {
  // First of all: what follows changes the page.
  const form = document.querySelector("#statement") ? formOf(document) : null;
  if (form !== null) dropShadows();
  startCopying();
  startPrinting();
  startAttempts();
  if (form !== null) startCheck(form);
});

function startCopying() {
  for (const button of document.querySelectorAll("button.copy")) button.hidden = false;
  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("button.copy");
    if (!button) return;
    const command = button.parentElement.querySelector("code");
    getSelection().selectAllChildren(command);
    const copied = await navigator.clipboard?.writeText(command.textContent).then(
      () => true,
      () => false,
    );
    button.textContent = copied ? "Copied" : "Selected";
  });
}

/** Browsers without ::details-content print closed details closed. */
function startPrinting() {
  const opened = [];
  addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("details.print-open:not([open])")) {
      details.open = true;
      opened.push(details);
    }
  });
  addEventListener("afterprint", () => {
    for (const details of opened.splice(0)) details.open = false;
  });
}
