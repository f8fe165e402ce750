// The part of a long time that a chart shows: closer and wider, earlier and later, never past the ends. Pure; seconds.

export type Window = readonly [from: number, to: number];

/** Closer than this there are too few values to be a line. */
export const CLOSEST = 6 * 3600;
const FACTOR = 2.5;

function within([from, to]: Window, [first, last]: Window): Window {
  const span = Math.min(Math.max(to - from, Math.min(CLOSEST, last - first)), last - first);
  const start = Math.min(Math.max(from, first), last - span);
  return [start, start + span];
}

/** Around its middle; what is whole begins at its newest end, which is what people look at first. */
export function closer(window: Window, whole: Window): Window {
  const span = (window[1] - window[0]) / FACTOR;
  const end = window[1] === whole[1] ? whole[1] : (window[0] + window[1] + span) / 2;
  return within([end - span, end], whole);
}

export function wider(window: Window, whole: Window): Window {
  const span = (window[1] - window[0]) * FACTOR;
  const middle = (window[0] + window[1]) / 2;
  return within([middle - span / 2, middle + span / 2], whole);
}

export function moved([from, to]: Window, whole: Window, by: number): Window {
  return within([from + by, to + by], whole);
}

/** Moved only as far as needed to show a time. */
export function showing(window: Window, whole: Window, at: number): Window {
  const [from, to] = window;
  if (at < from) return moved(window, whole, at - from);
  return at > to ? moved(window, whole, at - to) : window;
}

export const isWhole = ([from, to]: Window, [first, last]: Window) => from <= first && to >= last;
export const isClosest = ([from, to]: Window) => to - from <= CLOSEST;
