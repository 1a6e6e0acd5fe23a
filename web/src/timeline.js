// Pure functions over timeline.v1: which products are on screen at a time, and where.

/** @typedef {[number, number, number, number, number]} TimedBox ms, x, y, width, height as fractions of the displayed frame */
/** @typedef {{appearance_id: string, product_id: string, start_ms: number, end_ms: number, boxes: TimedBox[]}} Appearance */

/**
 * The appearances that cover a time, half open: an appearance that ends at `ms` is over.
 * @param {Appearance[]} appearances
 * @param {number} ms
 */
export function appearancesAt(appearances, ms) {
  return appearances.filter((appearance) => appearance.start_ms <= ms && ms < appearance.end_ms);
}

/**
 * The box at a time: interpolated between timed boxes, held before the first and after the last.
 * @param {TimedBox[]} boxes in order of time
 * @param {number} ms
 * @returns {[number, number, number, number]}
 */
export function boxAt(boxes, ms) {
  const after = boxes.findIndex((box) => box[0] >= ms);
  if (after === 0) return boxes[0].slice(1);
  if (after < 0) return boxes[boxes.length - 1].slice(1);
  const [from, to] = [boxes[after - 1], boxes[after]];
  const share = (ms - from[0]) / (to[0] - from[0]);
  return [1, 2, 3, 4].map((k) => from[k] + (to[k] - from[k]) * share);
}

/**
 * Where the picture lies inside its element when it keeps its aspect ratio (`object-fit: contain`), in pixels.
 * @param {number} width of the element
 * @param {number} height of the element
 * @param {number} aspect width over height of the picture
 */
export function pictureIn(width, height, aspect) {
  const fit = Math.min(width, height * aspect);
  return { left: (width - fit) / 2, top: (height - fit / aspect) / 2, width: fit, height: fit / aspect };
}

/**
 * The start of a Media Fragment (`t=12.5`, `t=npt:1:02.5,1:10`) in seconds, or null.
 * https://www.w3.org/TR/media-frags/#naming-time
 * @param {string} hash
 */
export function fragmentStart(hash) {
  const match = /(?:^#?|&)t=(?:npt:)?((?:\d+:){0,2}\d+(?:\.\d*)?)(?:,|&|$)/.exec(hash);
  return match ? match[1].split(":").reduce((total, part) => total * 60 + Number(part), 0) : null;
}

/** @param {number} seconds */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds || 0));
  const minutes = Math.floor(whole / 60);
  const rest = String(whole % 60).padStart(2, "0");
  return minutes < 60 ? `${minutes}:${rest}` : `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${rest}`;
}
