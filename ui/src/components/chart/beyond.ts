// What a sensor could not measure, on the canvas: an arrow at the edge and the word. Never a place on the value axis.
import type uPlot from "uplot";
import { inside, ratio, type Colours } from "./draw";

export interface BeyondWords {
  low: string;
  high: string;
}

/** Columns of the data behind value, lowest and highest: how often LOW, how often HIGH. */
export const BEYOND = { low: 4, high: 5 } as const;
const SIZE = 6;

export function drawBeyond(u: uPlot, words: BeyondWords, font: string, colours: Colours) {
  drawEdge(u, BEYOND.low, 1, words.low, font, colours);
  drawEdge(u, BEYOND.high, -1, words.high, font, colours);
}

/** `down`: 1 at the lower edge, -1 at the upper one. The word stands once for arrows that are close together. */
function drawEdge(u: uPlot, column: number, down: 1 | -1, word: string, font: string, colours: Colours) {
  const counts = u.data[column];
  if (!counts) return;
  const size = SIZE * ratio();
  const tip = down === 1 ? u.bbox.top + u.bbox.height - ratio() : u.bbox.top + ratio();
  inside(u, (ctx) => {
    ctx.font = font;
    ctx.textAlign = "center";
    ctx.textBaseline = down === 1 ? "bottom" : "top";
    ctx.fillStyle = colours.text;
    ctx.strokeStyle = colours.surface;
    ctx.lineWidth = 4 * ratio();
    ctx.lineJoin = "round";
    const room = ctx.measureText(word).width;
    let written = -Infinity;
    u.data[0].forEach((x, index) => {
      if (!counts[index]) return;
      const at = u.valToPos(x, "x", true);
      arrow(ctx, at, tip, down * size);
      if (at - written < room * 1.4) return;
      written = at;
      const middle = Math.min(Math.max(at, u.bbox.left + room / 2), u.bbox.left + u.bbox.width - room / 2);
      // A rim of the ground keeps the word apart from a line below it.
      ctx.strokeText(word, middle, tip - down * (size + 3 * ratio()));
      ctx.fillText(word, middle, tip - down * (size + 3 * ratio()));
    });
  });
}

function arrow(ctx: CanvasRenderingContext2D, x: number, tip: number, length: number) {
  const half = Math.abs(length) * 0.7;
  ctx.beginPath();
  ctx.moveTo(x, tip);
  ctx.lineTo(x - half, tip - length);
  ctx.lineTo(x + half, tip - length);
  ctx.closePath();
  ctx.fill();
}
