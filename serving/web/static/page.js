// What the visitor does, and what the page says. Start here.

import { about } from "./api.js";
import * as detail from "./detail.js";
import { csv, jsonLines, save } from "./export.js";
import * as list from "./list.js";
import { MOST, Queue } from "./queue.js";
import { sentence, size, WORDS } from "./words.js";

const find = (id) => document.getElementById(id);
let announced = 0;

const queue = new Queue((items) => {
  for (const item of items) {
    list.renew(item, open, retry);
    if (detail.current() === item) detail.show(item);
  }
  say(arrange());
});

function arrange() {
  const many = queue.items.length > 1;
  find("queue").hidden = find("back").hidden = !many;
  find("work").classList.toggle("many", many);
  document.body.classList.toggle("working", queue.items.length > 0);
  return list.arrange(queue.items, detail.current());
}

/** Tells those who do not see the page: one image's verdict, or that all are answered. */
function say(counts) {
  if (queue.items.length === 1) {
    const [item] = queue.items;
    if (item.verdict) find("said").textContent = `${item.name}: ${WORDS[Queue.kind(item)]}. ${sentence(item.verdict)}`;
    else if (item.error) find("said").textContent = `${item.name}: ${WORDS.failed}. ${item.error}`;
    else find("said").textContent = `${item.name}: ${WORDS[item.state]}.`;
  } else if (counts.answered === counts.all && announced !== queue.next) {
    announced = queue.next;
    find("said").textContent = `${counts.all} images answered: ${counts.fake} likely fake, ${counts.uncertain} uncertain, ` +
      `${counts.real} likely real, ${counts.failed} failed.`;
  }
}

function notice(text) {
  find("notice").textContent = text;
  find("notice").hidden = !text;
}

function take(files) {
  if (!files.length) return;
  const room = MOST - queue.items.length;
  notice(files.length > room ? `The list holds ${MOST.toLocaleString("en")} images at most: ${files.length - room} were left out. Clear it to go on.` : "");
  const before = queue.items.length;
  const added = queue.add(files);
  if (!before && added.length) detail.show(added[0]);
  arrange();
}

function open(item) {
  detail.show(item);
  arrange();
  find("verdict-title").focus({ preventScroll: true });
  const box = find("detail").getBoundingClientRect();
  if (box.top < 0 || box.top > innerHeight / 2) find("detail").scrollIntoView({ block: "start" });
}

function retry(item) {
  announced = 0;
  queue.again([item]);
}

const answered = () => queue.items.filter((item) => item.state === "done" || item.state === "failed");

find("files").addEventListener("change", (event) => {
  take([...event.target.files]);
  event.target.value = ""; // the same file may be chosen again
});
document.addEventListener("paste", (event) => {
  const files = [...(event.clipboardData?.files ?? [])];
  if (files.length) event.preventDefault();
  take(files);
});
// On the whole page: dropped beside the field, a file would replace the page.
for (const name of ["dragenter", "dragover"]) {
  document.addEventListener(name, (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
    document.body.classList.add("over");
  });
}
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) document.body.classList.remove("over");
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("over");
  take([...(event.dataTransfer?.files ?? [])]);
});

find("sort").addEventListener("change", arrange);
find("filters").addEventListener("change", arrange);
find("rows").addEventListener("keydown", list.moveFocus);
find("show-map").addEventListener("change", detail.setMap);
find("strength").addEventListener("input", detail.setMap);
find("retry").addEventListener("click", () => {
  find("verdict-title").focus();
  retry(detail.current());
});
find("again").addEventListener("click", () => {
  announced = 0;
  queue.again(queue.items);
});
find("back").addEventListener("click", () => {
  list.focusRow(detail.current());
  find("queue").scrollIntoView({ block: "nearest" });
});
find("csv").addEventListener("click", () => save(csv(answered()), "verdicts.csv", "text/csv"));
find("lines").addEventListener("click", () => save(jsonLines(answered()), "verdicts.jsonl", "application/jsonl"));
find("clear").addEventListener("click", () => {
  queue.clear();
  list.empty();
  detail.hide();
  notice("");
  find("said").textContent = "The list is empty.";
  arrange();
  find("files").focus();
});

about().then((said) => {
  queue.maxBytes = { bytes: said.max_image_bytes, words: size(said.max_image_bytes) };
  find("largest").textContent = ` up to ${queue.maxBytes.words}`;
}, () => notice("This page's server does not answer. Is it still running?"));
