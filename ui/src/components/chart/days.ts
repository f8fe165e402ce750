// Amounts by days on the canvas: full bars for days that are over, a striped outline for the one that is not, a dash where
// nothing came. A day of nothing is a full bar as thin as a line: that is a value.
import type uPlot from "uplot";
import { inside, ratio, type Colours } from "./draw";
import { SO_FAR } from "./place";

const STRIPES = 6;
const LEAST = 2;
const WIDEST = 36;

export function drawDays(u: uPlot, colours: Colours) {
  const [xs, amounts, , , told] = u.data;
  const spacing = xs.length > 1 ? (u.valToPos(xs.at(-1) ?? 0, "x", true) - u.valToPos(xs[0] ?? 0, "x", true)) / (xs.length - 1) : Infinity;
  const width = Math.max(Math.min(spacing * 0.6, WIDEST * ratio()), LEAST * ratio());
  const ground = u.valToPos(0, "y", true);
  inside(u, (ctx) => {
    xs.forEach((x, index) => {
      const left = u.valToPos(x, "x", true) - width / 2;
      const amount = amounts?.[index];
      if (typeof amount !== "number") {
        dash(ctx, left, width, ground, colours);
        return;
      }
      const height = Math.max(ground - u.valToPos(amount, "y", true), LEAST * ratio());
      ctx.fillStyle = colours.series1;
      if (told?.[index] === SO_FAR) striped(ctx, { left, top: ground - height, width, height }, colours);
      else ctx.fillRect(left, ground - height, width, height);
    });
  });
}

/** Above the ground, so that it is no bar. */
function dash(ctx: CanvasRenderingContext2D, left: number, width: number, ground: number, colours: Colours) {
  const length = Math.min(width, 8 * ratio());
  ctx.fillStyle = colours.muted;
  ctx.fillRect(left + (width - length) / 2, ground - 8 * ratio(), length, 1.5 * ratio());
}

interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

function striped(ctx: CanvasRenderingContext2D, { left, top, width, height }: Box, colours: Colours) {
  const line = Math.min(1.5 * ratio(), width / 3);
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  ctx.strokeStyle = colours.series1;
  ctx.lineWidth = ratio();
  ctx.beginPath();
  for (let at = top - width; at < top + height + width; at += STRIPES * ratio()) {
    ctx.moveTo(left, at + width);
    ctx.lineTo(left + width, at);
  }
  ctx.stroke();
  ctx.lineWidth = 2 * line;
  ctx.strokeRect(left, top, width, height);
  ctx.restore();
}
