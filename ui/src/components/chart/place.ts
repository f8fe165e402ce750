// Where bars stand that would be drawn over each other: side by side, each as near to its own time as can be. Pure.

/** Room beside the first and the last mark, as a part of the range. */
const SIDE = 0.03;
const WIDTHS = [9, 7, 5, 4, 3, 2];
/** Further from its time than this, a bar would tell another time. */
const FARTHEST = 10;

export const padded = (from: number, to: number): [number, number] => [from - (to - from) * SIDE, to + (to - from) * SIDE];

interface Room {
  /** At least this much is shown. */
  floor: [number, number] | null;
  /** Amounts stand on the ground. */
  isFromZero: boolean;
  /** Words stand at the upper and the lower edge. */
  hasEdges: boolean;
}

/** The ends of the value axis. */
export function rangeOf(low: number | null, high: number | null, { floor, isFromZero, hasEdges }: Room): [number, number] {
  const [a, b] = [Math.min(low ?? Infinity, floor?.[0] ?? Infinity), Math.max(high ?? -Infinity, floor?.[1] ?? -Infinity)];
  if (!Number.isFinite(a) || !Number.isFinite(b)) return [0, 1];
  const room = Math.max((b - a) * (hasEdges ? 0.18 : 0.08), 0.5);
  return [isFromZero ? 0 : a - room, b + room];
}

/** Round values within a range, a few of them, from low to high. */
export function ticksOf([low, high]: [number, number], wanted = 5): number[] {
  const rough = (high - low) / wanted;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((times) => times * unit).find((one) => one >= rough) ?? rough;
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, index) => Number(((first + index) * step).toPrecision(12)));
}

/** What the last column of amounts by days says: all of a day, what there is of it so far, or that nothing came. */
export const [ALL, SO_FAR, NONE] = [0, 1, 2] as const;

/** As many of these as may be written, evenly; the last one always. */
export function thinned(ticks: readonly number[], most: number): number[] {
  const step = Math.ceil(ticks.length / Math.max(most, 1));
  return ticks.filter((_, index) => (ticks.length - 1 - index) % step === 0);
}

/** The stretches of a line: a hole ends one. Each is the indexes of its marks. */
export function stretchesOf(values: readonly (number | null)[]): number[][] {
  const found: number[][] = [];
  values.forEach((value, index) => {
    if (value === null) return;
    const last = found.at(-1);
    if (last?.at(-1) === index - 1) last.push(index);
    else found.push([index]);
  });
  return found;
}

/** Where times are in a plot that is so wide. */
export function pixelsOf(times: readonly number[], from: number, to: number, plot: number): number[] {
  const [low, high] = padded(from, to);
  return times.map((time) => ((time - low) / (high - low)) * plot);
}

/** `wanted` ascending. Moved as little as possible, so that neighbours are `apart` and all are within the ends. */
export function spread(wanted: readonly number[], apart: number, low: number, high: number): number[] {
  // Seen from a place that moves on by `apart` with each bar, positions must only not fall: neighbours that do are
  // pooled, and stand around the middle of what they wanted.
  const pools: { sum: number; count: number }[] = [];
  wanted.forEach((at, index) => {
    let pool = { sum: at - index * apart, count: 1 };
    for (let last = pools.at(-1); last && last.sum / last.count >= pool.sum / pool.count; last = pools.at(-1)) {
      pool = { sum: last.sum + pool.sum, count: last.count + pool.count };
      pools.pop();
    }
    pools.push(pool);
  });
  const highest = high - (wanted.length - 1) * apart;
  const starts = pools.flatMap(({ sum, count }) => Array<number>(count).fill(Math.max(low, Math.min(sum / count, highest))));
  return starts.map((start, index) => start + index * apart);
}

export interface Placed {
  width: number;
  /** The middle of each bar, in pixels. */
  xs: number[];
}

/** The widest bars that can stand side by side in a plot of this width; null when even thin ones cannot. */
export function sideBySide(wanted: readonly number[], plot: number): Placed | null {
  for (const width of WIDTHS) {
    const xs = spread(wanted, width + (width > 4 ? 2 : 1), width / 2, plot - width / 2);
    if (xs.every((x, index) => Math.abs(x - (wanted[index] ?? x)) <= FARTHEST)) return { width, xs };
  }
  return null;
}
