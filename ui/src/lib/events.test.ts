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

/** The server's end of an event stream. */
class Stream extends EventTarget {
  readyState = 0;
  readonly patientId: string;
  readonly cursor: string | null;
  constructor(patientId: string, cursor: string | null) {
    super();
    this.patientId = patientId;
    this.cursor = cursor;
  }
  close() {
    this.readyState = 2;
  }
  open() {
    this.readyState = 1;
    this.dispatchEvent(new Event("open"));
    this.say({ type: "subscribed", patient_id: this.patientId, cursor: "s0" });
  }
  say(frame: object) {
    this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(frame) }));
  }
  /** 0: the line broke · 2: the server refused. */
  end(readyState: number) {
    this.readyState = readyState;
    this.dispatchEvent(new Event("error"));
  }
}

function setUp() {
  const lines: Line[] = [];
  const streams: Stream[] = [];
  const ports = {
    ticket: vi.fn<Ports["ticket"]>(async () => "ticket"),
    socket: vi.fn<Ports["socket"]>(() => {
      const line = new Line();
      lines.push(line);
      return line as unknown as WebSocket;
    }),
    stream: vi.fn<Ports["stream"]>((patientId, cursor) => {
      const stream = new Stream(patientId, cursor);
      streams.push(stream);
      return stream;
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

describe("a network that breaks WebSockets", () => {
  const OTHER = "0190f3a0-0000-7000-8000-000000000002";

  /** `isCut`: the socket opens and is cut at once, as some do between here and there; else it never opens. */
  async function fallenBack(people: string[], isCut = false) {
    const world = setUp();
    for (const id of people) world.live.subscribe(id);
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await vi.advanceTimersByTimeAsync(30_000);
      if (isCut) world.line().open();
      world.line().end(1006);
    }
    await vi.advanceTimersByTimeAsync(30_000);
    return world;
  }

  test.each([false, true])("gets server-sent events (the socket opens first: %s)", async (isCut) => {
    const { live, lines, streams, ports, stop } = await fallenBack([PATIENT], isCut);
    expect(live.read().phase).toBe("connecting");

    streams[0]?.open();
    streams[0]?.say(frame("r1", "c1"));
    await vi.advanceTimersByTimeAsync(FLUSH_MS);

    expect(lines).toHaveLength(3);
    expect(streams.map(({ patientId, cursor }) => [patientId, cursor])).toEqual([[PATIENT, null]]);
    expect(live.read().phase).toBe("live");
    expect(ports.missed).toHaveBeenCalledExactlyOnceWith(PATIENT);
    expect(ports.deliver.mock.calls[0]?.[0]).toHaveLength(1);
    stop();
  });

  test("comes back after the same cursor, by whichever way opens", async () => {
    const { lines, line, streams, stop } = await fallenBack([PATIENT]);
    streams[0]?.open();
    streams[0]?.say(frame("r1", "c7"));
    streams[0]?.end(0);
    await vi.advanceTimersByTimeAsync(1250);
    expect(lines).toHaveLength(4);
    line().end(1006);
    await vi.advanceTimersByTimeAsync(2500);
    expect(streams[1]?.cursor).toBe("c7");
    streams[1]?.open();
    streams[1]?.say(frame("r2", "c8"));

    dispatchEvent(new Event("offline"));
    dispatchEvent(new Event("online"));
    await vi.advanceTimersByTimeAsync(0);
    line().open();

    expect(line().sent).toEqual([{ type: "subscribe", patient_id: PATIENT, after: "c8" }]);
    expect(streams.every(({ readyState }) => readyState === 2)).toBe(true);
    stop();
  });

  test("somebody who comes on screen later gets a stream, and it goes with them", async () => {
    const { live, streams, stop } = await fallenBack([PATIENT]);
    streams[0]?.open();

    const leave = live.subscribe(OTHER);
    expect(streams.map(({ patientId }) => patientId)).toEqual([PATIENT, OTHER]);
    streams[1]?.open();
    leave();

    expect(streams.map(({ readyState }) => readyState)).toEqual([1, 2]);
    expect(live.read().phase).toBe("live");
    stop();
  });

  test("is live when every stream is, and a refused one is asked about and does not break the others", async () => {
    const { live, streams, ports, stop } = await fallenBack([PATIENT, OTHER]);
    streams[0]?.open();
    expect(live.read().phase).toBe("connecting");

    streams[1]?.end(2);

    expect(live.read().phase).toBe("live");
    expect(ports.missed).toHaveBeenCalledWith(OTHER);
    stop();
  });

  test("more people than streams: the rest are asked about", async () => {
    const people = [1, 2, 3, 4, 5].map((n) => `0190f3a0-0000-7000-8000-00000000000${n}`);
    const { streams, ports, stop } = await fallenBack(people);
    for (const stream of streams) stream.open();
    ports.missed.mockClear();

    await vi.advanceTimersByTimeAsync(PING_MS);

    expect(streams).toHaveLength(4);
    expect(ports.missed).toHaveBeenCalledExactlyOnceWith(people[4]);
    stop();
  });

  test("a stream that says nothing for 45 s, no sign of life either, is not live", async () => {
    const { live, streams, stop } = await fallenBack([PATIENT]);
    streams[0]?.open();
    await vi.advanceTimersByTimeAsync(PING_MS * 2);
    streams[0]?.say({ type: "pong" });
    await vi.advanceTimersByTimeAsync(PING_MS * 2);
    expect(live.read().phase).toBe("live");

    await vi.advanceTimersByTimeAsync(PING_MS);

    expect(live.read().phase).toBe("waiting");
    stop();
  });
});

test("waits 1, 2, 4 … at most 30 s, a little apart from others", () => {
  expect([0, 1, 2, 3, 4, 5, 9].map((attempt) => delayFor(attempt, () => 0))).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  expect(delayFor(0, () => 1)).toBe(1250);
});
