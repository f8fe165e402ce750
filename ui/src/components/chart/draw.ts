// The strokes uPlot has no word for: bars, dots with a halo, a target band, a cursor.
import type uPlot from "uplot";

export interface Colours {
  text: string;
  muted: string;
  line: string;
  surface: string;
  series1: string;
  series2: string;
  band: string;
  spread: string;
  range: string;
}

/** A token holds both its light and its dark colour; as the colour of an element it is the one of now. */
export function readColours(): Colours {
  const probe = document.documentElement.appendChild(document.createElement("span"));
  probe.style.transitionProperty = "none"; // reduced motion gives everything a short one, and that begins at the old colour
  const token = (name: string) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const colours = coloursOf(token);
  probe.remove();
  return colours;
}

function coloursOf(token: (name: string) => string): Colours {
  return {
    text: token("--text"),
    muted: token("--muted"),
    line: token("--line"),
    surface: token("--surface"),
    series1: token("--series-1"),
    series2: token("--series-2"),
    band: token("--ok-tint"),
    spread: `color-mix(in srgb, ${token("--series-1")} 18%, transparent)`,
    range: `color-mix(in srgb, ${token("--series-1")} 70%, ${token("--surface")})`,
  };
}

export const ratio = () => globalThis.devicePixelRatio || 1;

export function inside(u: uPlot, draw: (ctx: CanvasRenderingContext2D) => void) {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  draw(ctx);
  ctx.restore();
}

/** Bars from the ground. Their width follows how many there are. */
export function drawBars(u: uPlot, series: number, colour: string, min: number, max: number) {
  const [xs, values] = [u.data[0], u.data[series]];
  const room = u.bbox.width / Math.max(xs.length, 1) / ratio();
  const width = Math.min(Math.max(room * 0.5, min), max) * ratio();
  inside(u, (ctx) => {
    ctx.fillStyle = colour;
    for (let index = 0; index < xs.length; index += 1) {
      const [x, value] = [xs[index], values?.[index]];
      if (x === undefined || value === null || value === undefined) continue;
      const [top, ground] = [u.valToPos(value, "y", true), u.valToPos(0, "y", true)];
      ctx.fillRect(u.valToPos(x, "x", true) - width / 2, top, width, ground - top);
    }
  });
}

/** Dots with a halo; where they crowd they get smaller, down to `min`. */
export function drawDots(u: uPlot, series: number, colour: string, halo: string, max: number, min: number) {
  const [xs, values] = [u.data[0], u.data[series]];
  const room = u.bbox.width / Math.max(xs.length, 1) / ratio();
  const radius = Math.min(Math.max(room * 0.4, min), max);
  inside(u, (ctx) => {
    ctx.fillStyle = colour;
    ctx.strokeStyle = halo;
    ctx.lineWidth = Math.min(1.5, radius / 2) * ratio();
    for (let index = 0; index < xs.length; index += 1) {
      const [x, value] = [xs[index], values?.[index]];
      if (x === undefined || value === null || value === undefined) continue;
      ctx.beginPath();
      ctx.arc(u.valToPos(x, "x", true), u.valToPos(value, "y", true), radius * ratio(), 0, 2 * Math.PI);
      ctx.fill();
      ctx.stroke();
    }
  });
}

/** From the lowest to the highest of each mark, a thin stroke with its ends marked. */
export function drawRanges(u: uPlot, colour: string) {
  const [xs, , lows, highs] = u.data;
  inside(u, (ctx) => {
    ctx.fillStyle = colour;
    const [width, end] = [2 * ratio(), 8 * ratio()];
    xs.forEach((x, index) => {
      const [low, high] = [lows?.[index], highs?.[index]];
      if (typeof low !== "number" || typeof high !== "number" || low === high) return;
      const [at, top, bottom] = [u.valToPos(x, "x", true), u.valToPos(high, "y", true), u.valToPos(low, "y", true)];
      ctx.fillRect(at - width / 2, top, width, bottom - top);
      for (const y of [top, bottom]) ctx.fillRect(at - end / 2, y - width / 2, end, width);
    });
  });
}

export function drawBand(u: uPlot, [low, high]: [number, number], colours: Colours) {
  inside(u, (ctx) => {
    const [top, bottom] = [u.valToPos(high, "y", true), u.valToPos(low, "y", true)];
    ctx.fillStyle = colours.band;
    ctx.fillRect(u.bbox.left, top, u.bbox.width, bottom - top);
  });
}

export function drawCursor(u: uPlot, left: number | undefined, colours: Colours) {
  if (left === undefined) return;
  inside(u, (ctx) => {
    const at = Math.round(u.bbox.left + left * ratio());
    ctx.strokeStyle = colours.text;
    ctx.lineWidth = ratio();
    ctx.setLineDash([4 * ratio(), 4 * ratio()]);
    ctx.beginPath();
    ctx.moveTo(at, u.bbox.top);
    ctx.lineTo(at, u.bbox.top + u.bbox.height);
    ctx.stroke();
  });
}
