import { countText, gradeFits } from "./html-filter.js";

const drawnAtFirst = 200;
const drawnAtOnce = 500;
const rowsPerTable = 100;

/** The groups of a list whose rows are packed as `html-packed.ts` packs them. */
export function packedGroups({ shapes, groups, table }) {
  const read = shapes.map(readShape);
  const all = [...document.querySelectorAll("#attempt-groups details")];
  return groups.map(({ path, rows }, index) => packedGroup(all[index], { path, rows, shapes: read, table }));
}

export function readShape({ parts, texts }) {
  let unfolded = null;
  let lower = null;
  return {
    parts,
    width: texts.length + 1,
    grade: /data-grade="([a-z]+)"/.exec(parts[0])?.[1],
    isWaived: parts[0].includes(" data-waived"),
    texts: () => (unfolded ??= texts.map(unfold)),
    /** For a word, in which of its texts it stands. */
    hits(word) {
      lower ??= this.texts().map((list) => list.map((text) => plain(text).toLowerCase()));
      return lower.map((list) => list.map((text) => text.includes(word)));
    },
  };
}

function unfold(frontCoded) {
  const texts = [];
  let last = "";
  for (let at = 0; at < frontCoded.length; at += 2) {
    last = last.slice(0, frontCoded[at]) + frontCoded[at + 1];
    texts.push(last);
  }
  return texts;
}

function plain(escaped) {
  const characters = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'" };
  return escaped.includes("&")
    ? escaped.replace(/&(amp|lt|gt|quot|#39);/g, (entity) => characters[entity])
    : escaped;
}

export function markupOf(shapes, rows, start) {
  const { parts, texts } = shapes[rows[start]];
  const lists = texts();
  return parts.map((part, index) => part + (lists[index]?.[rows[start + 1 + index]] ?? "")).join("");
}

function packedGroup(details, { path, rows, shapes, table }) {
  const starts = [];
  for (let at = 0; at < rows.length; at += shapes[rows[at]].width) starts.push(at);
  const name = details.querySelector("h3").textContent;
  const sums = details.querySelector(".sums");
  const place = document.createElement("div");
  const more = document.createElement("button");
  more.type = "button";
  more.className = "more";
  details.append(place, more);
  let fitting = starts;
  let drawn = 0;

  function draw(count) {
    const until = Math.min(fitting.length, drawn + count);
    const holder = document.createElement("template");
    while (drawn < until) {
      const some = fitting.slice(drawn, Math.min(until, drawn + rowsPerTable));
      holder.innerHTML = table[0] + some.map((start) => markupOf(shapes, rows, start)).join("") + table[1];
      holder.content.querySelector("caption").textContent =
        `${name}, attempts ${countText(drawn + 1)} to ${countText(drawn + some.length)} of ${countText(fitting.length)} shown`;
      place.append(holder.content);
      drawn += some.length;
    }
    more.hidden = drawn === fitting.length;
    more.textContent = `Show ${countText(Math.min(drawnAtOnce, fitting.length - drawn))} more of ${countText(fitting.length)}`;
  }

  more.addEventListener("click", () => draw(drawnAtOnce));
  details.addEventListener("toggle", () => {
    if (details.open && drawn === 0) draw(drawnAtFirst);
  });
  return {
    details,
    path,
    wasOpen: details.open,
    count: starts.length,
    show({ grade, words, isFiltering }) {
      const hits = words.map((word) => shapes.map((shape) => shape.hits(word)));
      fitting = starts.filter((start) => {
        const shape = rows[start];
        if (!gradeFits(shapes[shape], grade)) return false;
        return hits.every((byShape) => byShape[shape].some((list, index) => list[rows[start + 1 + index]]));
      });
      sums.hidden = isFiltering;
      place.replaceChildren();
      drawn = 0;
      if (isFiltering || details.open) draw(drawnAtFirst);
      return fitting.length;
    },
  };
}
