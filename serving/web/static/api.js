// The questions to the gateway.

/** Why an image has no verdict. `wait`: seconds after which to ask again without being told to; null: never. */
export class Refused extends Error {
  constructor(sentence, wait = null) {
    super(sentence);
    this.wait = wait;
  }
}

/** What the gateway says of itself: `model_name`, `max_image_bytes`. */
export async function about() {
  const answer = await fetch("api/about", { cache: "no-store" });
  if (!answer.ok) throw new Refused("The gateway does not say what it takes.");
  return answer.json();
}

/** The verdict about a file, `map` included; throws Refused. */
export async function ask(file, maxBytes, signal) {
  if (maxBytes && file.size > maxBytes.bytes) throw new Refused(`The file is too large: ${maxBytes.words} at most.`);
  let body;
  try {
    body = await file.arrayBuffer();
  } catch {
    throw new Refused("This cannot be read: it is a folder, or the file has changed or gone.");
  }
  let answer, found;
  try {
    answer = await fetch("api/verdict", {
      method: "POST",
      body,
      headers: { "Content-Type": "application/octet-stream" },
      signal,
      cache: "no-store",
    });
    found = await answer.json();
  } catch (error) {
    if (signal.aborted) throw error;
    throw new Refused(answer ? `The answer cannot be read (status ${answer.status}).` : "This page's server does not answer. Is it still running?");
  }
  if (answer.ok) return found;
  const wait = Number.parseInt(answer.headers.get("Retry-After"), 10);
  throw new Refused(found.error ?? `The server answered with status ${answer.status}.`, Number.isFinite(wait) ? Math.min(wait, 60) : null);
}

/** The map's levels, 0 to 255, row by row. */
export function levels(map) {
  return Uint8Array.from(atob(map.values), (letter) => letter.charCodeAt(0));
}
