import { packedGroups } from "./html-packed.js";

export const countText = new Intl.NumberFormat("en-US").format;

/** Filters the list of every attempt, whether its rows are laid out in the page or packed. */
export function startAttempts() {
  const form = document.querySelector("#filter");
  if (!form) return;
  form.hidden = false;
  const status = document.querySelector("#filter-status");
  const packed = document.querySelector("#packed-attempts");
  const groups = packed ? packedGroups(JSON.parse(packed.textContent)) : laidOutGroups();

  function apply() {
    const { grade, path, words } = Object.fromEntries(new FormData(form));
    const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
    const isFiltering = grade !== "" || path !== "" || wanted.length > 0;
    let shown = 0;
    let all = 0;
    for (const group of groups) {
      const fitting =
        path === "" || path === group.path ? group.show({ grade, words: wanted, isFiltering }) : 0;
      group.details.hidden = fitting === 0;
      group.details.open = isFiltering ? fitting > 0 : group.wasOpen;
      shown += fitting;
      all += group.count;
    }
    status.textContent = `${countText(shown)} of ${countText(all)} shown`;
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
}

export function gradeFits({ grade, isWaived }, wanted) {
  if (wanted === "") return true;
  if (wanted === "open") return grade !== "contained";
  if (wanted === "excepted") return isWaived && grade !== "contained";
  return grade === wanted;
}

function laidOutGroups() {
  return [...document.querySelectorAll("#attempt-groups details")].map((details) => {
    const chunks = [...details.querySelectorAll(".chunk")].map((chunk) => ({
      chunk,
      rows: [...chunk.querySelectorAll("tbody tr")].map((row) => ({ row, text: null })),
    }));
    return {
      details,
      path: details.dataset.path,
      wasOpen: details.open,
      count: chunks.reduce((sum, { rows }) => sum + rows.length, 0),
      show: ({ grade, words }) => {
        let shown = 0;
        for (const { chunk, rows } of chunks) {
          let shownInChunk = 0;
          for (const entry of rows) {
            const fits = rowFits(entry, grade, words);
            entry.row.hidden = !fits;
            if (fits) shownInChunk += 1;
          }
          chunk.hidden = shownInChunk === 0;
          shown += shownInChunk;
        }
        return shown;
      },
    };
  });
}

function rowFits(entry, grade, words) {
  const { dataset } = entry.row;
  if (!gradeFits({ grade: dataset.grade, isWaived: "waived" in dataset }, grade)) return false;
  if (words.length === 0) return true;
  entry.text ??= entry.row.textContent.toLowerCase();
  return words.every((word) => entry.text.includes(word));
}
