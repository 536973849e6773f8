// Images and heat maps on canvases. No address is made of a file, so the page's policy needs to allow none.

import { levels } from "./api.js";

const LARGEST = 1200;

/** The file's pixels as a browser shows them, EXIF orientation honoured; null where it cannot. */
async function decode(file) {
  try {
    return await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    return null;
  }
}

/** Fills a square canvas with the middle of the image. */
export async function drawThumbnail(canvas, file) {
  const bitmap = await decode(file);
  if (!bitmap) return false;
  const side = Math.min(bitmap.width, bitmap.height);
  const [x, y] = [(bitmap.width - side) / 2, (bitmap.height - side) / 2];
  const pen = canvas.getContext("2d");
  pen.imageSmoothingQuality = "high";
  pen.drawImage(bitmap, x, y, side, side, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return true;
}

/** Draws the whole image, made smaller where it is large; false where the browser cannot. */
export async function drawImage(canvas, file, stillWanted) {
  const bitmap = await decode(file);
  if (!stillWanted()) {
    bitmap?.close();
    return true;
  }
  if (!bitmap) return false;
  const scale = Math.min(1, LARGEST / Math.max(bitmap.width, bitmap.height));
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const pen = canvas.getContext("2d");
  pen.imageSmoothingQuality = "high";
  pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return true;
}

// From nothing through yellow and orange to dark red: the stops of level, red, green, blue, opacity.
const STOPS = [
  [0, 255, 236, 140, 0], [0.15, 255, 236, 140, 0.12], [0.4, 255, 200, 60, 0.6], [0.7, 240, 100, 20, 0.85], [1, 160, 0, 40, 1],
];

function colour(level) {
  const upper = Math.max(1, STOPS.findIndex((stop) => stop[0] >= level));
  const [low, high] = [STOPS[upper - 1], STOPS[upper]];
  const part = (level - low[0]) / (high[0] - low[0]);
  return low.slice(1).map((value, place) => value + part * (high[place + 1] - value));
}

/** Draws a map as wide and high as it is; the page stretches it over the whole image, as the model saw that. */
export function drawMap(canvas, map) {
  canvas.width = map.width;
  canvas.height = map.height;
  const pen = canvas.getContext("2d");
  const pixels = pen.createImageData(map.width, map.height);
  const table = Array.from({ length: 256 }, (_, level) => colour(level / 255));
  levels(map).forEach((level, place) => {
    const [red, green, blue, opacity] = table[level];
    pixels.data.set([red, green, blue, 255 * opacity], 4 * place);
  });
  pen.putImageData(pixels, 0, 0);
}
