// Dragging a chart along its time: the canvas follows the pointer frame by frame, React hears of it when the hand lets go.
import type uPlot from "uplot";
import { moved, type Window } from "./window";

interface Drag {
  read: () => { window: Window; whole: Window };
  /** Called at most once a frame. */
  show: (window: Window) => void;
  done: (window: Window) => void;
}

/** Less is a tap: it reads a value. */
const TAP_PIXELS = 6;

export function listenToDrags(u: uPlot, { read, show, done }: Drag): () => void {
  let stop = () => {};
  const down = (event: PointerEvent) => {
    const { window, whole } = read();
    if (event.button !== 0 || (window[0] <= whole[0] && window[1] >= whole[1])) return;
    const perPixel = (window[1] - window[0]) / Math.max(u.over.clientWidth, 1);
    const begin = event.clientX;
    let shown = window;
    let frame = 0;
    const move = (now: PointerEvent) => {
      if (shown === window && Math.abs(now.clientX - begin) < TAP_PIXELS) return;
      if (shown === window) u.over.setPointerCapture(event.pointerId);
      shown = moved(window, whole, (begin - now.clientX) * perPixel);
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        show(shown);
      });
    };
    const up = () => {
      stop();
      if (shown !== window) done(shown);
    };
    stop = () => {
      cancelAnimationFrame(frame);
      u.over.removeEventListener("pointermove", move);
      u.over.removeEventListener("pointerup", up);
      u.over.removeEventListener("pointercancel", up);
    };
    u.over.addEventListener("pointermove", move);
    u.over.addEventListener("pointerup", up);
    u.over.addEventListener("pointercancel", up);
  };
  u.over.addEventListener("pointerdown", down);
  return () => {
    stop();
    u.over.removeEventListener("pointerdown", down);
  };
}
