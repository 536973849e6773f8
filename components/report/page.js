"use strict";
// The threshold slider and the sorting of the slice table. Everything else of the page works without this.

const space = "\u202f";
const dash = "\u2013";
const percent = (share) => (share === null ? dash : (100 * share).toFixed(1) + space + "%");
const ratio = (part, whole) => (whole ? part / whole : null);

/** Wilson's 95 % interval of `part` of `whole` images, as text. */
function wilson(part, whole) {
  if (!whole) return dash;
  const z = 1.959963984540054;
  const share = part / whole;
  const middle = share + (z * z) / (2 * whole);
  const reach = z * Math.sqrt((share * (1 - share)) / whole + (z * z) / (4 * whole * whole));
  const ends = [middle - reach, middle + reach].map((end) => Math.min(1, Math.max(0, end / (1 + (z * z) / whole))));
  return (100 * ends[0]).toFixed(1) + dash + percent(ends[1]);
}

function makeSlider(data) {
  const box = document.getElementById("live");
  const slider = document.getElementById("slider");
  const number = document.getElementById("number");
  const prevalence = document.getElementById("prevalence");
  const said = document.getElementById("said");
  const cells = {};
  for (const cell of box.querySelectorAll("[data-live]")) cells[cell.dataset.live] = cell;
  let threshold = data.tau;
  let saying = 0;

  /** Place of the first threshold at or above the one asked for. */
  function place(asked) {
    let low = 0;
    let high = data.thresholds.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (data.thresholds[middle] < asked) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  function outlook(recall, alarms) {
    const share = Number(prevalence.value);
    const found = 10000 * share * recall;
    const wrong = 10000 * (1 - share) * alarms;
    const whole = (count) => Math.round(count).toLocaleString("en");
    const told = `of 10,000 images, ${whole(found)} of ${whole(10000 * share)} fakes would be found and ` +
      `${whole(wrong)} real images called fake`;
    return told + (found + wrong ? `; ${percent(found / (found + wrong))} of what is called fake would be.` : ".");
  }

  function moveFollowers(recall, alarms, precision) {
    for (const mark of document.querySelectorAll(".follower")) {
      const { follows, width, height } = mark.dataset;
      const point = { line: [threshold, 0], roc: [alarms, recall], precision: [recall, precision] }[follows];
      const known = point.every((value) => value !== null);
      mark.classList.toggle("seen", known && threshold !== data.tau);
      if (!known) continue;
      const shape = mark.firstElementChild;
      const top = follows === "line" ? 0 : (1 - point[1]) * height;
      shape.setAttribute("transform", `translate(${point[0] * width},${top})`);
    }
  }

  function show(asked, from) {
    const at = place(asked);
    threshold = data.exact ? asked : data.thresholds[at];
    const wrongFake = data.false_fake[at];
    const rightFake = data.true_fake[at];
    const rightReal = data.real - wrongFake;
    const wrongReal = data.fake - rightFake;
    const both = data.real && data.fake;
    const recall = ratio(rightFake, data.fake);
    const alarms = ratio(wrongFake, data.real);
    const precision = both ? ratio(rightFake, rightFake + wrongFake) : null;
    const count = (images) => images.toLocaleString("en");
    const texts = {
      true_fake: count(rightFake), true_fake_share: percent(recall),
      false_fake: count(wrongFake), false_fake_share: percent(alarms),
      true_real: count(rightReal), true_real_share: percent(ratio(rightReal, data.real)),
      false_real: count(wrongReal), false_real_share: percent(ratio(wrongReal, data.fake)),
      accuracy: percent(ratio(rightFake + rightReal, data.real + data.fake)),
      accuracy_interval: wilson(rightFake + rightReal, data.real + data.fake),
      recall_fake: percent(recall), recall_fake_interval: wilson(rightFake, data.fake),
      false_positive_rate: percent(alarms), false_positive_rate_interval: wilson(wrongFake, data.real),
      precision_fake: percent(precision),
      precision_fake_interval: both ? wilson(rightFake, rightFake + wrongFake) : dash,
      f1_fake: percent(both ? ratio(2 * rightFake, 2 * rightFake + wrongReal + wrongFake) : null),
    };
    if (prevalence) texts.outlook = outlook(recall, alarms);
    for (const [name, text] of Object.entries(texts)) if (cells[name]) cells[name].textContent = text;
    const shown = String(Number(threshold.toFixed(4)));
    if (from !== slider) slider.value = threshold;
    if (from !== number) number.value = shown;
    slider.setAttribute("aria-valuetext", shown);
    moveFollowers(recall, alarms, precision);
    // A screen reader would be talking all the while the slider moves.
    clearTimeout(saying);
    const sentence = `At ${shown}, ${texts.false_fake} of ${count(data.real)} real images are called fake and ` +
      `${texts.false_real} of ${count(data.fake)} fakes are missed.`;
    if (from) saying = setTimeout(() => { said.textContent = sentence; }, 400);
  }

  slider.addEventListener("input", () => show(Number(slider.value), slider));
  number.addEventListener("input", () => {
    const asked = Number(number.value);
    const valid = number.value !== "" && asked >= 0 && asked <= 1;
    number.setAttribute("aria-invalid", String(!valid));
    if (valid) show(asked, number);
  });
  number.addEventListener("change", () => { number.removeAttribute("aria-invalid"); show(threshold, null); });
  document.getElementById("reset").addEventListener("click", (event) => show(data.tau, event.target));
  if (prevalence) prevalence.addEventListener("change", () => show(threshold, prevalence));
  show(data.tau, null);
  box.hidden = false;
  document.getElementById("no-script").hidden = true;
}

function makeSortable(table) {
  const heads = [...table.tHead.rows[0].cells];
  const body = table.tBodies[table.tBodies.length - 1];
  const text = (row, column) => row.cells[column].textContent.trim();

  function sort(column, direction) {
    const sign = direction === "ascending" ? 1 : -1;
    const numeric = heads[column].classList.contains("number");
    const compare = (one, other) => {
      if (!numeric) return sign * text(one, column).localeCompare(text(other, column), "en", { numeric: true });
      const [left, right] = [one, other].map((row) => row.cells[column].dataset.number);
      // What is not defined comes last, whichever way round.
      if (left === undefined || right === undefined) return (left === undefined) - (right === undefined);
      return sign * (left - right);
    };
    body.append(...[...body.rows].sort(compare));
    for (const head of heads) head.removeAttribute("aria-sort");
    heads[column].setAttribute("aria-sort", direction);
  }

  heads.forEach((head, column) => {
    head.querySelector("button").addEventListener("click", () => {
      // Numbers begin with the lowest: the slices that are worst off.
      sort(column, head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending");
    });
  });
}

const thresholds = document.getElementById("thresholds");
if (thresholds) makeSlider(JSON.parse(thresholds.textContent));
document.querySelectorAll("table.sortable").forEach(makeSortable);

// On paper nothing can be opened.
let opened = [];
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details:not([open])")];
  for (const one of opened) one.open = true;
});
addEventListener("afterprint", () => {
  for (const one of opened) one.open = false;
});
