// What jsdom lacks and every test needs. The canvas takes strokes and forgets them: charts are looked at in a browser.
import "@testing-library/jest-dom/vitest";
import { cleanup, configure } from "@testing-library/react";
import { afterAll, afterEach, beforeAll } from "vitest";
import { server } from "./server";

const context = new Proxy({} as CanvasRenderingContext2D, {
  get: (target, name) => Reflect.get(target, name) ?? (name === "measureText" ? () => ({ width: 10 }) : () => {}),
  set: (target, name, value) => Reflect.set(target, name, value),
});
HTMLCanvasElement.prototype.getContext = (() => context) as unknown as typeof HTMLCanvasElement.prototype.getContext;
globalThis.Path2D = class {
  moveTo() {}
  lineTo() {}
  rect() {}
  arc() {}
  closePath() {}
} as unknown as typeof Path2D;
globalThis.ResizeObserver = class {
  observe() {}
  unobserve() {}
  disconnect() {}
};
globalThis.matchMedia = ((query: string) => ({
  matches: false,
  media: query,
  addEventListener() {},
  removeEventListener() {},
  addListener() {},
  removeListener() {},
})) as unknown as typeof matchMedia;
window.scrollTo = () => {};
Blob.prototype.arrayBuffer ??= function (this: Blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(reader.result as ArrayBuffer));
    reader.addEventListener("error", () => reject(reader.error ?? new Error("not read")));
    reader.readAsArrayBuffer(this);
  });
};

// A busy machine may be slow; waiting ends as soon as what is waited for is there.
configure({ asyncUtilTimeout: 8000 });

beforeAll(() => server.listen({ onUnhandledRequest: "error" }));
afterEach(() => {
  cleanup();
  server.resetHandlers();
  localStorage.clear();
});
afterAll(() => server.close());
