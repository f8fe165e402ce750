import { createHash } from "node:crypto";
import { expect, test, vi } from "vitest";
import { digestApart } from "./digest-apart";
import { digestOf } from "./digest";

const never = new AbortController().signal;

test("a file of several parts has the digest that everybody computes, and says how far it is", async () => {
  const content = new Uint8Array(9 * 1024 * 1024 + 7).map((_, at) => at % 251);
  const told = vi.fn();

  expect(await digestOf(new Blob([content]), told, never)).toBe(createHash("sha256").update(content).digest("hex"));
  expect(told.mock.calls.flat()).toEqual([4, 8, 9].map((mib) => mib * 1024 * 1024 + (mib === 9 ? 7 : 0)));
});

test("it can be stopped between two parts", async () => {
  const stop = new AbortController();
  const told = vi.fn(() => stop.abort());

  await expect(digestOf(new Blob([new Uint8Array(9 * 1024 * 1024)]), told, stop.signal)).rejects.toMatchObject({ name: "AbortError" });
  expect(told).toHaveBeenCalledOnce();
});

test("a file that is gone says so, and one that is stopped does not", async () => {
  const gone = { size: 1, slice: () => ({ arrayBuffer: () => Promise.reject(new DOMException("gone", "NotReadableError")) }) } as unknown as Blob;
  await expect(digestApart(gone, vi.fn(), never)).rejects.toMatchObject({ code: "file_unreadable" });

  await expect(digestApart(gone, vi.fn(), AbortSignal.abort("stopped"))).rejects.toBe("stopped");
});
