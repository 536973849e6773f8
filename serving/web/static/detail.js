// One image: its verdict, its picture with the map, its numbers.

import { drawImage, drawMap } from "./picture.js";
import { meaning, number, sentence, WORDS } from "./words.js";
import { Queue } from "./queue.js";

const find = (id) => document.getElementById(id);
const PENDING = { waiting: "It waits for its turn.", asking: "The detector looks at the image." };
let shown = null;

/** The item on display; null where none is. */
export const current = () => shown;

/** Shows an item, or shows it anew when its state is another. */
export function show(item) {
  const another = shown !== item;
  shown = item;
  const kind = Queue.kind(item);
  find("detail").hidden = false;
  find("verdict").dataset.kind = kind;
  find("verdict").querySelector("use").setAttribute("href", `#shape-${kind === "asking" ? "waiting" : kind}`);
  find("verdict-title").textContent = WORDS[kind];
  find("sentence").textContent = item.verdict ? sentence(item.verdict) : item.error ?? item.hint ?? PENDING[item.state];
  find("retry").hidden = kind !== "failed";
  find("file").textContent = item.name;
  find("numbers").hidden = !item.verdict;
  if (item.verdict) showNumbers(item.verdict);
  showMap(item);
  if (another) showImage(item);
}

export function hide() {
  shown = null;
  find("detail").hidden = true;
}

async function showImage(item) {
  const canvas = find("image");
  canvas.width = canvas.height = 1;
  canvas.setAttribute("aria-label", item.name);
  const seen = await drawImage(canvas, item.file, () => shown === item);
  if (shown !== item) return;
  find("unseen").hidden = seen;
  canvas.parentElement.hidden = !seen;
}

function showMap({ verdict }) {
  const map = verdict?.map;
  find("map-tools").hidden = !map;
  find("map-says").hidden = !verdict;
  find("map-says").textContent = map
    ? "The heat map shows where the detector looked, not what was changed."
    : "This model does not show where it looked: there is no heat map.";
  if (map) drawMap(find("map"), map);
  setMap();
}

/** Applies the switch and the slider. */
export function setMap() {
  const canvas = find("map");
  canvas.hidden = !shown?.verdict?.map || !find("show-map").checked;
  canvas.style.opacity = find("strength").value / 100;
  find("strength").disabled = !find("show-map").checked;
}

function showNumbers(verdict) {
  const { score, threshold, uncertain_band: band } = verdict;
  const [low, high] = band ?? [threshold, threshold];
  const scale = find("scale");
  for (const [name, value] of Object.entries({ score, tau: threshold, low, high })) {
    scale.style.setProperty(`--${name}`, value);
  }
  scale.classList.toggle("banded", Boolean(band));
  scale.querySelector(".score b").textContent = number(score);
  scale.querySelector("p.tau").textContent = `τ ${number(threshold)}`;
  const bandWords = band ? `${number(low)} to ${number(high)}` : null;
  scale.setAttribute(
    "aria-label",
    `Score ${number(score)} on a scale from 0, real, to 1, fake; threshold ${number(threshold)}` +
      (band ? `; uncertain from ${bandWords}` : ""),
  );
  find("meaning").textContent = meaning(verdict);
  const facts = { ...verdict, score: number(score), threshold: number(threshold), band: bandWords ?? "none" };
  for (const cell of document.querySelectorAll("[data-fact]")) cell.textContent = facts[cell.dataset.fact];
}
