// Blood pressures on the canvas. One measurement is one bar from its own upper to its own lower value. Several at once
// are two ranges that never become one bar: upper values filled, lower values outlined, averages as strokes across.
import type uPlot from "uplot";
import { inside, ratio, type Colours } from "./draw";
import type { Placed } from "./place";

/** Columns of the data, behind the times: values first, then the lowest and highest of each when there are several. */
const [UPPER, LOWER, PULSE, UPPERS, LOWERS, PULSES] = [1, 2, 3, 4, 6, 8] as const;

/** Between the range of upper and the range of lower values. */
const APART = 4;

/** In pixels of the page, from the left of the plot. */
export function placeBars(u: uPlot, place: (wanted: readonly number[], plot: number) => Placed | null): Placed {
  const wanted = Array.from(u.data[0], (x) => u.valToPos(x, "x"));
  return place(wanted, u.bbox.width / ratio()) ?? { width: 2, xs: wanted };
}

export function drawPressures(u: uPlot, { xs, width }: Placed, colours: Colours) {
  const value = (column: number, index: number) => u.data[column]?.[index] ?? null;
  const y = (at: number) => u.valToPos(at, "y", true);
  inside(u, (ctx) => {
    xs.forEach((left, index) => {
      const pen = { ctx, x: u.bbox.left + left * ratio(), width: width * ratio() };
      const [upper, lower, pulse] = [value(UPPER, index), value(LOWER, index), value(PULSE, index)];
      const [uppers, lowers, pulses] = [UPPERS, LOWERS, PULSES].map((low): [number, number] | null => {
        const [from, to] = [value(low, index), value(low + 1, index)];
        return from === null || to === null ? null : [y(to), y(from)];
      });
      if (!uppers && !lowers && upper !== null && lower !== null) bar(pen, y(upper), y(lower), colours.series1);
      // Ranges that would meet stand beside each other, or they would look like one.
      const meet = uppers && lowers && uppers[1] + APART * ratio() > lowers[0];
      const [first, second] = meet ? halves(pen) : [pen, pen];
      if (uppers) bar(first, ...uppers, colours.range);
      if (uppers && upper !== null) stroke(first, y(upper), colours);
      if (lowers) outline(second, ...lowers, colours.series1);
      if (lowers && lower !== null) stroke(second, y(lower), colours);
      // Beside two ranges the average pulse is enough; without one its range is shown.
      if (pulses && pulse === null) bar({ ...pen, width: Math.min(pen.width / 2, 2 * ratio()) }, ...pulses, colours.series2);
      if (pulse !== null) dot(pen, y(pulse), colours);
    });
  });
}

interface Pen {
  ctx: CanvasRenderingContext2D;
  x: number;
  width: number;
}

function halves(pen: Pen): [Pen, Pen] {
  const width = (pen.width - ratio()) / 2;
  const aside = (pen.width - width) / 2;
  return [
    { ...pen, width, x: pen.x - aside },
    { ...pen, width, x: pen.x + aside },
  ];
}

/** At least as high as wide, so that a range of one value is still seen; a longer one ends just at its values. */
function shape({ ctx, x, width }: Pen, top: number, bottom: number, inset: number) {
  const height = Math.max(bottom - top, width);
  const middle = (top + bottom) / 2;
  ctx.beginPath();
  ctx.roundRect(x - width / 2 + inset, middle - height / 2 + inset, width - 2 * inset, height - 2 * inset, width / 2);
}

function bar(pen: Pen, top: number, bottom: number, colour: string) {
  shape(pen, top, bottom, 0);
  pen.ctx.fillStyle = colour;
  pen.ctx.fill();
}

function outline(pen: Pen, top: number, bottom: number, colour: string) {
  const line = Math.min(1.5 * ratio(), pen.width / 3);
  shape(pen, top, bottom, line / 2);
  pen.ctx.strokeStyle = colour;
  pen.ctx.lineWidth = line;
  pen.ctx.stroke();
}

/** An average, a little wider than the range it belongs to. */
function stroke({ ctx, x, width }: Pen, at: number, colours: Colours) {
  ctx.fillStyle = colours.text;
  ctx.fillRect(x - width / 2 - ratio(), at - ratio(), width + 2 * ratio(), 2 * ratio());
}

function dot({ ctx, x, width }: Pen, at: number, colours: Colours) {
  const radius = Math.min(Math.max(width * 0.6, 2 * ratio()), 3.5 * ratio());
  ctx.beginPath();
  ctx.arc(x, at, radius, 0, 2 * Math.PI);
  ctx.fillStyle = colours.series2;
  ctx.fill();
  ctx.strokeStyle = colours.surface;
  ctx.lineWidth = Math.min(1.5 * ratio(), radius / 2);
  ctx.stroke();
}
