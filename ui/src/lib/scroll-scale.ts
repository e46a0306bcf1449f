// Scrolling through more rows than a browser can make an element tall.
//
// Browsers stop at some ten million pixels. The mapping between the native scroll offset and the true place is
// one to one near both ends and stretched in between, so first and last rows scroll like any other page. A small
// step (wheel, touch, keyboard) always moves one to one; only a jump of the scroll bar uses the stretched mapping.
// When a gesture is over, the native offset is set to where the mapping says it belongs (`settle`).

export const MAX_HEIGHT_PX = 8_000_000;
const END_ZONE_PX = 1_000_000;

export interface Scale {
  /** Height of the scrolled element. */
  height: number;
  /** Height that all rows would need. */
  trueHeight: number;
  /** Largest native scroll offset. */
  maxScroll: number;
  /** Largest true offset. */
  maxPlace: number;
}

export function makeScale(rows: number, rowHeight: number, viewport: number, maxHeight = MAX_HEIGHT_PX): Scale {
  const trueHeight = rows * rowHeight;
  const height = Math.min(trueHeight, maxHeight);
  return {
    height,
    trueHeight,
    maxScroll: Math.max(0, height - viewport),
    maxPlace: Math.max(0, trueHeight - viewport),
  };
}

function endZone(scale: Scale): number {
  return Math.min(END_ZONE_PX, scale.maxScroll / 4);
}

/** Native offset to true place. */
export function placeOf(scroll: number, scale: Scale): number {
  const s = clamp(scroll, 0, scale.maxScroll);
  if (scale.height === scale.trueHeight) return s;
  const zone = endZone(scale);
  if (s <= zone) return s;
  if (s >= scale.maxScroll - zone) return scale.maxPlace - (scale.maxScroll - s);
  return zone + ((s - zone) / (scale.maxScroll - 2 * zone)) * (scale.maxPlace - 2 * zone);
}

/** True place to native offset; the inverse of `placeOf`. */
export function scrollOf(place: number, scale: Scale): number {
  const p = clamp(place, 0, scale.maxPlace);
  if (scale.height === scale.trueHeight) return p;
  const zone = endZone(scale);
  if (p <= zone) return p;
  if (p >= scale.maxPlace - zone) return scale.maxScroll - (scale.maxPlace - p);
  return zone + ((p - zone) / (scale.maxPlace - 2 * zone)) * (scale.maxScroll - 2 * zone);
}

/** The true place after the native offset went from `before` to `after`. */
export function move(place: number, before: number, after: number, viewport: number, scale: Scale): number {
  if (scale.height === scale.trueHeight) return clamp(after, 0, scale.maxPlace);
  if (after <= 0) return 0;
  if (after >= scale.maxScroll) return scale.maxPlace;
  const step = after - before;
  if (Math.abs(step) > 2 * viewport) return placeOf(after, scale);
  return clamp(place + step, 0, scale.maxPlace);
}

/** First and last row (inclusive) that are visible, with some more around. */
export function visibleRows(place: number, viewport: number, rowHeight: number, rows: number, over = 6): [number, number] {
  if (rows === 0) return [0, -1];
  const first = Math.floor(place / rowHeight) - over;
  const last = Math.ceil((place + viewport) / rowHeight) + over;
  return [clamp(first, 0, rows - 1), clamp(last, 0, rows - 1)];
}

/** The place that brings a row fully into view, moving as little as possible; in the middle when it is asked for or was far away. */
export function placeForRow(row: number, place: number, viewport: number, rowHeight: number, scale: Scale, middle = false): number {
  const top = row * rowHeight;
  const bottom = top + rowHeight;
  if (top >= place && bottom <= place + viewport) return place;
  const near = top >= place - viewport && bottom <= place + 2 * viewport;
  const wanted = middle || !near ? top - viewport / 2 + rowHeight / 2 : top < place ? top : bottom - viewport;
  return clamp(wanted, 0, scale.maxPlace);
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
