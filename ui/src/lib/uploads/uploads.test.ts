import "fake-indexeddb/auto";
import { http, HttpResponse } from "msw";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { api, problem, server } from "~/testing/server";
import { digestOf } from "./digest";
import { UploadMemory } from "./memory";
import { restUntilOnline, TRIES, upload, type Surroundings } from "./uploads";

const STORE = "http://store.example/quarantine/";
const NOW = Date.parse("2026-11-20T12:00:00Z");
const wish = { connectionId: "0190f3a0-0000-7000-8000-0000000000d1", kind: "apple_export" as const, contentType: "application/zip", file: new Blob(["a file of the person"]) };
let count = 0;
let around: Surroundings;
let seen: string[];

function platform() {
  let made = 0;
  server.use(
    http.post(api("/api/v1/uploads/presign"), () => {
      made += 1;
      seen.push(`presign ${made}`);
      return HttpResponse.json(
        { upload_id: `u-${made}`, url: `${STORE}${made}`, headers: { "Content-Type": "application/zip" }, object_url: "s3://x", expires_at: new Date(NOW + 600_000).toISOString() },
        { status: 201 },
      );
    }),
    http.put(`${STORE}:id`, ({ params, request }) => {
      seen.push(`put ${String(params.id)} ${request.headers.get("Content-Type")} ${request.credentials}`);
      return new HttpResponse(null, { status: 200 });
    }),
    http.post(api("/api/v1/uploads/:id/complete"), ({ params }) => {
      seen.push(`complete ${String(params.id)}`);
      return HttpResponse.json({ object_url: "s3://x", status: "verified" });
    }),
  );
}

beforeEach(() => {
  count += 1;
  seen = [];
  around = {
    memory: new UploadMemory(`uploads-${count}`),
    digest: digestOf,
    rest: vi.fn(() => Promise.resolve()),
    now: () => NOW,
    onProgress: vi.fn(),
    signal: new AbortController().signal,
  };
  platform();
});

describe("a file", () => {
  test("goes to the store without our credentials, and is verified", async () => {
    expect(await upload(wish, around)).toBe("u-1");
    expect(seen).toEqual(["presign 1", "put 1 application/zip same-origin", "complete u-1"]);
  });

  test("whose line drops in the middle goes on with the same address", async () => {
    server.use(http.put(`${STORE}:id`, () => HttpResponse.error(), { once: true }));

    expect(await upload(wish, around)).toBe("u-1");
    expect(seen).toEqual(["presign 1", "put 1 application/zip same-origin", "complete u-1"]);
    expect(around.rest).toHaveBeenCalledOnce();
  });

  test("that arrived is not sent again when the last answer was lost, even after the app was closed", async () => {
    server.use(http.post(api("/api/v1/uploads/:id/complete"), () => HttpResponse.error()));
    await expect(upload(wish, around)).rejects.toMatchObject({ code: "network" });
    expect(around.rest).toHaveBeenCalledTimes(TRIES - 1);
    server.resetHandlers();
    platform();
    seen = [];

    expect(await upload(wish, { ...around, now: () => NOW + 3600_000 })).toBe("u-1");
    expect(seen).toEqual(["complete u-1"]);
  });

  test("whose address has run out gets another", async () => {
    server.use(http.put(`${STORE}:id`, () => HttpResponse.error()));
    await expect(upload(wish, around)).rejects.toMatchObject({ code: "network" });
    server.resetHandlers();
    let made = 1;
    platform();
    server.use(
      http.post(api("/api/v1/uploads/presign"), () => {
        made += 1;
        return HttpResponse.json({ upload_id: `u-${made}`, url: `${STORE}${made}`, headers: {}, object_url: "s3://x", expires_at: new Date(NOW + 7200_000).toISOString() }, { status: 201 });
      }),
    );

    expect(await upload(wish, { ...around, now: () => NOW + 3600_000 })).toBe("u-2");
  });

  test("that the platform does not find is sent again from the start", async () => {
    server.use(http.post(api("/api/v1/uploads/:id/complete"), () => problem(422, "unknown_object"), { once: true }));

    expect(await upload(wish, around)).toBe("u-2");
    expect(seen.filter((one) => one.startsWith("put"))).toHaveLength(2);
  });

  test("whose address is refused gets another at once: the clocks may differ", async () => {
    server.use(http.put(`${STORE}:id`, () => new HttpResponse(null, { status: 403 }), { once: true }));

    expect(await upload(wish, around)).toBe("u-2");
    expect(seen.filter((one) => one.startsWith("presign"))).toHaveLength(2);
  });

  test("that the store can not take is given up after some tries, and says which of the two refused", async () => {
    server.use(http.put(`${STORE}:id`, () => new HttpResponse(null, { status: 507 })));

    await expect(upload(wish, around)).rejects.toMatchObject({ status: 507, code: "upload_refused" });
    expect(seen).toEqual(["presign 1"]);
  });

  test("tells each step, and how much of it is done", async () => {
    await upload(wish, around);

    const told = vi.mocked(around.onProgress).mock.calls;
    expect([...new Set(told.map(([step]) => step))]).toEqual(["checking", "sending", "arriving"]);
    expect(told).toContainEqual(["checking", wish.file.size]);
    expect(told).toContainEqual(["sending", wish.file.size]);
  });

  test("that is stopped while it waits is neither sent again nor forgotten", async () => {
    const stop = new AbortController();
    server.use(http.put(`${STORE}:id`, () => HttpResponse.error(), { once: true }));
    const rest = vi.fn(() => Promise.resolve(stop.abort()));
    await expect(upload(wish, { ...around, rest, signal: stop.signal })).rejects.toMatchObject({ name: "AbortError" });
    expect(seen).toEqual(["presign 1"]);

    expect(await upload(wish, around)).toBe("u-1");
    expect(seen).toEqual(["presign 1", "put 1 application/zip same-origin", "complete u-1"]);
  });

  test("that is stopped while it is sent ends there", async () => {
    const stop = new AbortController();
    server.use(
      http.put(`${STORE}:id`, () => {
        stop.abort();
        return new Promise<never>(() => {});
      }),
    );

    await expect(upload(wish, { ...around, signal: stop.signal })).rejects.toMatchObject({ name: "AbortError" });
    expect(around.rest).not.toHaveBeenCalled();
  });

  test("that is not allowed is not tried again", async () => {
    server.use(http.post(api("/api/v1/uploads/presign"), () => problem(422, "kind_not_consented")));

    await expect(upload(wish, around)).rejects.toMatchObject({ code: "kind_not_consented" });
    expect(around.rest).not.toHaveBeenCalled();
  });
});

describe("waiting for the line", () => {
  test("ends when it is back, or when it is stopped, and not before where the browser knows that there is none", async () => {
    vi.spyOn(navigator, "onLine", "get").mockReturnValue(false);
    vi.useFakeTimers();
    const stop = new AbortController();
    const ended = vi.fn();
    try {
      void restUntilOnline(1, new AbortController().signal).then(() => ended("back"));
      await vi.advanceTimersByTimeAsync(3600_000);
      expect(ended).not.toHaveBeenCalled();
      dispatchEvent(new Event("online"));
      await vi.advanceTimersByTimeAsync(0);
      expect(ended).toHaveBeenLastCalledWith("back");

      void restUntilOnline(1, stop.signal).then(() => ended("stopped"));
      stop.abort();
      await vi.advanceTimersByTimeAsync(0);
      expect(ended).toHaveBeenLastCalledWith("stopped");
    } finally {
      vi.useRealTimers();
    }
  });
});
