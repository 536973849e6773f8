// The results as files, made in the browser.

const COLUMNS = [
  "file", "decision", "score", "threshold", "uncertain_low", "uncertain_high", "model_name", "model_version", "sha256", "error",
];

function record({ name, verdict, error }) {
  const band = verdict?.uncertain_band ?? [null, null];
  const whole = { ...verdict, file: name, uncertain_low: band[0], uncertain_high: band[1], error };
  return Object.fromEntries(COLUMNS.map((column) => [column, whole[column] ?? null]));
}

/** A cell of RFC 4180; one that a spreadsheet would take for a formula begins with an apostrophe. */
function cell(value) {
  let text = value === null ? "" : String(value);
  if (typeof value === "string" && /^[=+\-@\t\r]/.test(text)) text = `'${text}`;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Items that are done or failed, one a row under a row of names. */
export function csv(items) {
  const rows = [COLUMNS, ...items.map((item) => Object.values(record(item)))];
  return rows.map((row) => row.map(cell).join(",") + "\r\n").join("");
}

/** The same, one JSON object a line. */
export function jsonLines(items) {
  return items.map((item) => JSON.stringify(record(item)) + "\n").join("");
}

/** Hands a text to the browser as a download. */
export function save(text, name, type) {
  const url = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}
