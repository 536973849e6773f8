// The list of images: one row each, sorted and filtered.

import { drawThumbnail } from "./picture.js";
import { number, WORDS } from "./words.js";
import { Queue } from "./queue.js";

const find = (id) => document.getElementById(id);
const rows = new Map();
let drawing = Promise.resolve();

/** Makes or renews the row of an item. `open` and `retry` are called with the item. */
export function renew(item, open, retry) {
  let row = rows.get(item.id);
  if (!row) {
    row = find("row").content.firstElementChild.cloneNode(true);
    rows.set(item.id, row);
    row.querySelector(".name").textContent = item.name;
    row.querySelector(".row").addEventListener("click", () => open(item));
    row.querySelector(".retry").addEventListener("click", () => {
      row.querySelector(".row").focus();
      retry(item);
    });
    row.querySelector(".retry .unseen").textContent = `: ${item.name}`;
    find("rows").append(row);
    // One after the other: many large images at once would not fit into memory.
    drawing = drawing.then(() => rows.has(item.id) && drawThumbnail(row.querySelector("canvas"), item.file));
  }
  const kind = Queue.kind(item);
  row.dataset.kind = kind;
  row.querySelector("use").setAttribute("href", `#shape-${kind === "asking" ? "waiting" : kind}`);
  row.querySelector(".word").textContent = WORDS[kind];
  row.querySelector(".reason").textContent = item.error ?? item.hint ?? "";
  row.querySelector(".retry").hidden = kind !== "failed";
  row.querySelector(".number").textContent = item.verdict ? number(item.verdict.score) : "";
  if (item.verdict) {
    row.style.setProperty("--score", item.verdict.score);
    row.style.setProperty("--tau", item.verdict.threshold);
  }
}

/** Orders the rows, hides those of another verdict, marks the open one, counts. */
export function arrange(items, opened) {
  const order = find("sort").value;
  const filter = document.querySelector("input[name=filter]:checked").value;
  const sign = order === "high" ? -1 : 1;
  const sorted = order === "added" ? items : [...items].sort((one, other) => {
    // Without a score: last.
    if (!one.verdict || !other.verdict) return Boolean(other.verdict) - Boolean(one.verdict);
    return sign * (one.verdict.score - other.verdict.score);
  });
  const list = find("rows");
  const focused = document.activeElement;
  sorted.forEach((item, place) => {
    const row = rows.get(item.id);
    if (list.children[place] !== row) list.insertBefore(row, list.children[place] ?? null);
    row.hidden = filter !== "all" && Queue.kind(item) !== filter;
    if (item === opened) row.querySelector(".row").setAttribute("aria-current", "true");
    else row.querySelector(".row").removeAttribute("aria-current");
  });
  // A row that is moved loses the focus.
  if (focused !== document.activeElement && list.contains(focused)) focused.focus({ preventScroll: true });
  find("none").hidden = !items.length || sorted.some((item) => !rows.get(item.id).hidden);
  return count(items);
}

function count(items) {
  const counts = { all: items.length, fake: 0, uncertain: 0, real: 0, failed: 0, waiting: 0, asking: 0 };
  for (const item of items) counts[Queue.kind(item)] += 1;
  for (const input of find("filters").querySelectorAll("input")) {
    input.nextElementSibling.querySelector("b").textContent = counts[input.value];
  }
  const answered = items.length - counts.waiting - counts.asking;
  find("progress").max = items.length || 1;
  find("progress").value = answered;
  find("count").textContent = `${answered} of ${items.length} answered` + (counts.failed ? `, ${counts.failed} failed` : "");
  find("again").hidden = !counts.failed;
  find("csv").disabled = find("lines").disabled = !answered;
  return { ...counts, answered };
}

/** Focus on an item's row. */
export const focusRow = (item) => rows.get(item.id)?.querySelector(".row").focus();

/** Up and down go from row to row. */
export function moveFocus(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || !event.target.matches(".row")) return;
  event.preventDefault();
  const seen = [...find("rows").querySelectorAll("li:not([hidden]) .row")];
  seen[seen.indexOf(event.target) + step]?.focus();
}

export function empty() {
  rows.clear();
  find("rows").replaceChildren();
}
