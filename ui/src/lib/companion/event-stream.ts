// Server-sent events by fetch: a browser's own reader sends no header, and the app's bearer travels in one.
import { createParser } from "eventsource-parser";
import { prove } from "./here";

/** As `EventSource` counts: on its way or broken, open, refused or closed. */
const [CONNECTING, OPEN, CLOSED] = [0, 1, 2] as const;

/** What the live stream needs of an `EventSource`. It does not come back by itself: who listens decides when, and from where. */
export class EventStream extends EventTarget {
  readyState: number = CONNECTING;
  private readonly stopping = new AbortController();

  constructor(url: URL) {
    super();
    void this.run(url);
  }

  close(): void {
    this.readyState = CLOSED;
    this.stopping.abort();
  }

  private async run(url: URL): Promise<void> {
    try {
      const request = new Request(url, { headers: { Accept: "text/event-stream" }, credentials: "omit", cache: "no-store", signal: this.stopping.signal });
      prove(request);
      const { ok, headers, body } = await globalThis.fetch(request);
      if (!ok || !body || !headers.get("Content-Type")?.startsWith("text/event-stream")) {
        this.end(CLOSED);
        this.stopping.abort();
        return;
      }
      this.become(OPEN, new Event("open"));
      await this.hear(body);
    } catch {
      // The line broke, or it was closed here: the state says which.
    }
    this.end(CONNECTING);
  }

  /** Until the other end ends. A character and an event may come in pieces. */
  private async hear(body: ReadableStream<Uint8Array>): Promise<void> {
    const parser = createParser({ onEvent: ({ data }) => this.say(new MessageEvent("message", { data })) });
    const text = new TextDecoder();
    const reader = body.getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) parser.feed(text.decode(part.value, { stream: true }));
  }

  private end(readyState: number): void {
    this.become(readyState, new Event("error"));
  }

  private become(readyState: number, event: Event): void {
    if (this.readyState === CLOSED) return;
    this.readyState = readyState;
    this.dispatchEvent(event);
  }

  /** What was closed says nothing more. */
  private say(event: Event): void {
    if (this.readyState === OPEN) this.dispatchEvent(event);
  }
}
