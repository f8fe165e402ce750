// The strokes uPlot has no word for: bars between two values, dots with a halo, a target band, a cursor.
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
}

export function readColours(): Colours {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string) => style.getPropertyValue(name).trim();
  return {
    text: token("--text"),
    muted: token("--muted"),
    line: token("--line"),
    surface: token("--surface"),
    series1: token("--series-1"),
    series2: token("--series-2"),
    band: token("--ok-tint"),
    spread: `color-mix(in srgb, ${token("--series-1")} 18%, transparent)`,
  };
}

const ratio = () => globalThis.devicePixelRatio || 1;

function inside(u: uPlot, draw: (ctx: CanvasRenderingContext2D) => void) {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  draw(ctx);
  ctx.restore();
}

/** A rounded bar from one series to another, or to the ground. Its width follows how many there are. */
export function drawBars(u: uPlot, top: number, bottom: number | null, colour: string, min: number, max: number) {
  const [xs, highs, lows] = [u.data[0], u.data[top], bottom === null ? null : u.data[bottom]];
  const room = u.bbox.width / Math.max(xs.length, 1) / ratio();
  const width = Math.min(Math.max(room * 0.5, min), max) * ratio();
  inside(u, (ctx) => {
    ctx.strokeStyle = colour;
    ctx.lineWidth = width;
    ctx.lineCap = lows ? "round" : "butt";
    for (let index = 0; index < xs.length; index += 1) {
      const [x, high, low] = [xs[index], highs?.[index], lows ? lows[index] : 0];
      if (x === undefined || high === null || high === undefined || low === null || low === undefined) continue;
      const at = u.valToPos(x, "x", true);
      ctx.beginPath();
      ctx.moveTo(at, u.valToPos(high, "y", true));
      ctx.lineTo(at, u.valToPos(low, "y", true));
      ctx.stroke();
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

export function drawBand(u: uPlot, [low, high]: [number, number], colours: Colours) {
  inside(u, (ctx) => {
    const [top, bottom] = [u.valToPos(high, "y", true), u.valToPos(low, "y", true)];
    ctx.fillStyle = colours.band;
    ctx.fillRect(u.bbox.left, top, u.bbox.width, bottom - top);
  });
}

export function drawCursor(u: uPlot, index: number | null, colours: Colours) {
  const x = index === null ? undefined : u.data[0][index];
  if (x === undefined) return;
  inside(u, (ctx) => {
    const at = Math.round(u.valToPos(x, "x", true));
    ctx.strokeStyle = colours.text;
    ctx.lineWidth = ratio();
    ctx.setLineDash([4 * ratio(), 4 * ratio()]);
    ctx.beginPath();
    ctx.moveTo(at, u.bbox.top);
    ctx.lineTo(at, u.bbox.top + u.bbox.height);
    ctx.stroke();
  });
}
