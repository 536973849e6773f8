// A verdict in words and numbers. Nothing here touches the page.

export const WORDS = {
  fake: "Likely fake",
  real: "Likely real",
  uncertain: "Uncertain",
  failed: "No verdict",
  asking: "Being judged",
  waiting: "Waiting",
};

/** What a verdict stands for in lists and filters; a decision of another name counts as uncertain. */
export const kindOf = (verdict) => (verdict.decision in { fake: 1, real: 1 } ? verdict.decision : "uncertain");

export const number = (value) => value.toFixed(3);

/** Bytes as people say them. */
export function size(bytes) {
  if (bytes < 1024) return `${bytes} bytes`;
  const [unit, by] = bytes < 1 << 20 ? ["KiB", 1024] : ["MiB", 1 << 20];
  return `${(bytes / by).toFixed(bytes / by < 10 ? 1 : 0).replace(".0", "")} ${unit}`;
}

/** How far the score is from the threshold, or that it lies in the band. */
export function sentence(verdict) {
  const { score, threshold, uncertain_band: band } = verdict;
  const kind = kindOf(verdict);
  if (kind === "uncertain") {
    const where = band ? `lies in the uncertain band from ${number(band[0])} to ${number(band[1])}` : "is uncertain";
    return `The score of ${number(score)} ${where}, ${away(score, threshold)} the threshold of ${number(threshold)}. ` +
      "It is too close to call: a person should look.";
  }
  const close = Math.abs(score - threshold) < 0.05 ? " That is close: take it as a weak hint." : "";
  const rule = kind === "fake"
    ? `Scores at or above ${band ? number(band[1]) : "it"} are called fake.`
    : `Scores below ${band ? number(band[0]) : "it"} are called real.`;
  return `The score of ${number(score)} is ${away(score, threshold)} the threshold of ${number(threshold)}. ${rule}${close}`;
}

function away(score, threshold) {
  const distance = Math.abs(score - threshold);
  if (distance === 0) return "exactly at";
  const side = score > threshold ? "above" : "below";
  return distance < 0.0005 ? `less than 0.001 ${side}` : `${number(distance)} ${side}`;
}

/** What uncertainty means for this model. */
export function meaning({ uncertain_band: band }) {
  return band
    ? `Scores from ${number(band[0])} up to ${number(band[1])} are called uncertain: there the detector is wrong too often to ` +
        "say, and its answer is that it does not know."
    : "This model has no uncertain band: every image is called fake or real, even one whose score is close to the " +
        "threshold. The closer it is, the less the word says.";
}
