(() => {
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

  // Browsers without ::details-content print closed details closed.
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

  const form = document.querySelector("#filter");
  if (!form) return;
  form.hidden = false;
  const status = document.querySelector("#filter-status");
  const number = new Intl.NumberFormat("en-US");
  const groups = [...document.querySelectorAll("#attempt-groups details")].map((details) => ({
    details,
    path: details.dataset.path,
    wasOpen: details.open,
    chunks: [...details.querySelectorAll(".chunk")].map((chunk) => ({
      chunk,
      rows: [...chunk.querySelectorAll("tbody tr")].map((row) => ({ row, text: null })),
    })),
  }));

  function gradeFits(row, grade) {
    if (grade === "") return true;
    if (grade === "open") return row.dataset.grade !== "contained";
    if (grade === "excepted") return "waived" in row.dataset && row.dataset.grade !== "contained";
    return row.dataset.grade === grade;
  }

  function fits(entry, grade, words) {
    if (!gradeFits(entry.row, grade)) return false;
    if (words.length === 0) return true;
    entry.text ??= entry.row.textContent.toLowerCase();
    return words.every((word) => entry.text.includes(word));
  }

  function apply() {
    const { grade, path, words } = Object.fromEntries(new FormData(form));
    const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
    const filtering = grade !== "" || path !== "" || wanted.length > 0;
    let shown = 0;
    let all = 0;
    for (const group of groups) {
      let shownInGroup = 0;
      for (const { chunk, rows } of group.chunks) {
        let shownInChunk = 0;
        for (const entry of rows) {
          const fit = (path === "" || path === group.path) && fits(entry, grade, wanted);
          entry.row.hidden = !fit;
          if (fit) shownInChunk += 1;
        }
        chunk.hidden = shownInChunk === 0;
        shownInGroup += shownInChunk;
        all += rows.length;
      }
      group.details.hidden = shownInGroup === 0;
      group.details.open = filtering ? shownInGroup > 0 : group.wasOpen;
      shown += shownInGroup;
    }
    status.textContent = `${number.format(shown)} of ${number.format(all)} shown`;
  }

  let waiting = 0;
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(apply, 120);
  });
  form.addEventListener("reset", () => setTimeout(apply, 0));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    apply();
  });
  apply();
})();
