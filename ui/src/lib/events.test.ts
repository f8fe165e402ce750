import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { PATIENT, reading } from "~/testing/fixtures";
import { delayFor, FLUSH_MS, LiveStream, PING_MS, type Ports } from "./events";

/** The server's end of a socket, in the test's hands. */
class Line extends EventTarget {
  readyState: number = WebSocket.CONNECTING;
  readonly sent: Record<string, unknown>[] = [];
  send(text: string) {
    this.sent.push(JSON.parse(text) as Record<string, unknown>);
  }
  close() {
    this.readyState = WebSocket.CLOSED;
  }
  open() {
    this.readyState = WebSocket.OPEN;
    this.dispatchEvent(new Event("open"));
  }
  say(frame: object) {
    this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(frame) }));
  }
  end(code: number) {
    this.readyState = WebSocket.CLOSED;
    this.dispatchEvent(Object.assign(new Event("close"), { code }));
  }
}

function setUp() {
  const lines: Line[] = [];
  const streams: { patientId: string; cursor: string | null }[] = [];
  const ports = {
    ticket: vi.fn<Ports["ticket"]>(async () => "ticket"),
    socket: vi.fn<Ports["socket"]>(() => {
      const line = new Line();
      lines.push(line);
      return line as unknown as WebSocket;
    }),
    stream: vi.fn<Ports["stream"]>((patientId, cursor) => {
      streams.push({ patientId, cursor });
      return Object.assign(new EventTarget(), { close() {} }) as unknown as EventSource;
    }),
    deliver: vi.fn<Ports["deliver"]>(),
    missed: vi.fn<Ports["missed"]>(),
    ended: vi.fn<Ports["ended"]>(),
  };
  const live = new LiveStream(ports);
  const stop = live.start();
  return { live, ports, lines, streams, stop, line: () => lines.at(-1) as Line };
}

async function connected() {
  const world = setUp();
  world.live.subscribe(PATIENT);
  await vi.advanceTimersByTimeAsync(0);
  world.line().open();
  world.line().say({ type: "subscribed", patient_id: PATIENT, cursor: "c0" });
  return world;
}

const frame = (id: string, cursor: string) => ({ type: "reading", cursor, patient_id: PATIENT, reading: reading(id, "2026-05-01T08:00:00Z") });

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(0);
});
afterEach(() => vi.useRealTimers());

describe("LiveStream", () => {
  test("takes a ticket, opens one socket and subscribes what is on screen", async () => {
    const { ports, line, live, stop } = await connected();

    expect(ports.socket).toHaveBeenCalledExactlyOnceWith("ticket");
    expect(line().sent).toEqual([{ type: "subscribe", patient_id: PATIENT }]);
    expect(live.read().phase).toBe("live");
    stop();
  });

  test("what may have happened before the first confirmation is asked again, once", async () => {
    const { ports, line, stop } = await connected();
    line().say({ type: "subscribed", patient_id: PATIENT, cursor: "c1" });

    expect(ports.missed).toHaveBeenCalledExactlyOnceWith(PATIENT);
    stop();
  });

  test("a burst of frames is one delivery", async () => {
    const { ports, line, stop } = await connected();
    for (let n = 0; n < 500; n += 1) line().say(frame(`r${n}`, `c${n}`));
    expect(ports.deliver).not.toHaveBeenCalled();

    await vi.advanceTimersByTimeAsync(FLUSH_MS);

    expect(ports.deliver).toHaveBeenCalledTimes(1);
    expect(ports.deliver.mock.calls[0]?.[0]).toHaveLength(500);
    stop();
  });

  test("a withdrawn consent does not wait", async () => {
    const { ports, line, stop } = await connected();
    line().say({ type: "revoked", patient_id: PATIENT, data_kinds: null });

    expect(ports.deliver).toHaveBeenCalledTimes(1);
    stop();
  });

  test("comes back after the last cursor", async () => {
    const { line, lines, live, stop } = await connected();
    line().say(frame("r1", "c7"));
    line().end(1012);
    expect(live.read().phase).toBe("waiting");

    await vi.advanceTimersByTimeAsync(1000);
    line().open();

    expect(lines).toHaveLength(2);
    expect(line().sent).toEqual([{ type: "subscribe", patient_id: PATIENT, after: "c7" }]);
    stop();
  });

  test("comes back at once when the network does", async () => {
    const { line, lines, stop } = await connected();
    line().end(1006);
    dispatchEvent(new Event("online"));
    await vi.advanceTimersByTimeAsync(0);

    expect(lines).toHaveLength(2);
    stop();
  });

  test("silence for 45 s is not live", async () => {
    const { live, stop } = await connected();
    await vi.advanceTimersByTimeAsync(PING_MS * 2);
    expect(live.read().phase).toBe("live");

    await vi.advanceTimersByTimeAsync(PING_MS);

    expect(live.read().phase).toBe("waiting");
    stop();
  });

  test.each([4401, 4403])("close code %d ends the session and stays closed", async (code) => {
    const { ports, line, lines, stop } = await connected();
    line().end(code);
    await vi.advanceTimersByTimeAsync(120_000);

    expect(ports.ended).toHaveBeenCalledTimes(1);
    expect(lines).toHaveLength(1);
    stop();
  });

  test("a network that breaks WebSockets gets server-sent events", async () => {
    const { live, lines, line, streams, stop } = setUp();
    live.subscribe(PATIENT);
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await vi.advanceTimersByTimeAsync(30_000);
      line().end(1006);
    }
    await vi.advanceTimersByTimeAsync(30_000);

    expect(lines).toHaveLength(3);
    expect(streams).toEqual([{ patientId: PATIENT, cursor: null }]);
    stop();
  });

  test("the last one who leaves closes the connection", async () => {
    const { live, line, stop } = setUp();
    const [first, second] = [live.subscribe(PATIENT), live.subscribe(PATIENT)];
    await vi.advanceTimersByTimeAsync(0);
    line().open();
    first();
    expect(live.read().phase).toBe("live");

    second();

    expect(live.read().phase).toBe("idle");
    expect(line().readyState).toBe(WebSocket.CLOSED);
    stop();
  });

  test("what is no frame of ours changes nothing", async () => {
    const { ports, line, live, stop } = await connected();
    line().say({ type: "weather", value: 1 });
    line().say({ type: "reading", patient_id: 7 });
    line().dispatchEvent(new MessageEvent("message", { data: "{" }));
    await vi.advanceTimersByTimeAsync(FLUSH_MS);

    expect(ports.deliver).not.toHaveBeenCalled();
    expect(live.read().phase).toBe("live");
    stop();
  });
});

test("waits 1, 2, 4 … at most 30 s, a little apart from others", () => {
  expect([0, 1, 2, 3, 4, 5, 9].map((attempt) => delayFor(attempt, () => 0))).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  expect(delayFor(0, () => 1)).toBe(1250);
});
