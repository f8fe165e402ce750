import { http, HttpResponse } from "msw";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { server } from "~/testing/server";
import { EventStream } from "./event-stream";
import { setBearer } from "./here";

const ADDRESS = "https://health.example/api/v1/stream";
const [CONNECTING, OPEN, CLOSED] = [0, 1, 2];

/** The server's end. */
let line: ReadableStreamDefaultController<Uint8Array>;
let asked: Request[];
let streams: EventStream[];

function answers(status = 200, type = "text/event-stream; charset=utf-8") {
  server.use(
    http.get(ADDRESS, ({ request }) => {
      asked.push(request);
      return new HttpResponse(new ReadableStream<Uint8Array>({ start: (controller) => void (line = controller) }), { status, headers: { "Content-Type": type } });
    }),
  );
}

const bytes = (text: string) => new TextEncoder().encode(text);

function listen() {
  const stream = new EventStream(new URL(`${ADDRESS}?patient_id=p&after=c7`));
  streams.push(stream);
  const heard: unknown[] = [];
  stream.addEventListener("open", () => heard.push("open"));
  stream.addEventListener("error", () => heard.push("error"));
  stream.addEventListener("message", (event) => heard.push((event as MessageEvent).data));
  return { stream, heard };
}

async function opened() {
  const { stream, heard } = listen();
  await vi.waitFor(() => expect(heard).toEqual(["open"]));
  expect(stream.readyState).toBe(OPEN);
  heard.length = 0;
  return { stream, heard };
}

beforeEach(() => {
  asked = [];
  streams = [];
  setBearer("dca_one");
  answers();
});
afterEach(() => {
  for (const stream of streams) stream.close();
  setBearer(null);
});

describe("server-sent events by fetch", () => {
  test("carry the bearer and no cookie, and ask for what comes after a cursor", async () => {
    await opened();

    expect(asked).toHaveLength(1);
    expect(asked[0]?.headers.get("Authorization")).toBe("Bearer dca_one");
    expect(asked[0]?.headers.get("Accept")).toBe("text/event-stream");
    expect(asked[0]?.credentials).toBe("omit");
    expect(new URL(asked[0]!.url).searchParams.get("after")).toBe("c7");
  });

  test("are told one by one, however they are cut, also within a letter", async () => {
    const { heard } = await opened();
    const text = bytes('id: c8\ndata: {"name":"Küche"}\n\ndata: {"type":"pong"}\n\n: a remark\n\ndata: {"n"');
    const inside = text.indexOf(0xc3) + 1;

    line.enqueue(text.slice(0, inside));
    line.enqueue(text.slice(inside));
    await vi.waitFor(() => expect(heard).toEqual(['{"name":"Küche"}', '{"type":"pong"}']));
    line.enqueue(bytes(":1}\r\n\r\n"));

    await vi.waitFor(() => expect(heard.at(-1)).toBe('{"n":1}'));
  });

  test.each([
    ["ends", () => line.close()],
    ["breaks", () => line.error(new TypeError("network"))],
  ])("a line that %s is no refusal", async (_, cut) => {
    const { stream, heard } = await opened();
    line.enqueue(bytes("data: half of an event"));

    cut();

    await vi.waitFor(() => expect(heard).toEqual(["error"]));
    expect(stream.readyState).toBe(CONNECTING);
  });

  test("a network that is not there is no refusal either", async () => {
    server.use(http.get(ADDRESS, () => HttpResponse.error()));
    const { stream, heard } = listen();

    await vi.waitFor(() => expect(heard).toEqual(["error"]));
    expect(stream.readyState).toBe(CONNECTING);
  });

  test.each([
    ["a refusal", 404, "application/problem+json"],
    ["the page of somebody else's network", 200, "text/html"],
  ])("%s is one", async (_, status, type) => {
    answers(status, type);
    const { stream, heard } = listen();

    await vi.waitFor(() => expect(heard).toEqual(["error"]));
    expect(stream.readyState).toBe(CLOSED);
  });

  test("what was closed asks no more and says nothing more", async () => {
    const { stream, heard } = await opened();

    stream.close();

    await vi.waitFor(() => expect(asked[0]?.signal.aborted).toBe(true));
    expect(stream.readyState).toBe(CLOSED);
    expect(heard).toEqual([]);
  });
});
