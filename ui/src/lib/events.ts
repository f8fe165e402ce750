// The live stream: one connection for the whole app. Ticket, socket, subscriptions with their cursors, reconnecting,
// and frames handed on in batches. Knows no screen and no query; live-cache.ts turns frames into cached data.
import { parseFrame, type Frame } from "./frames";

export type Phase = "idle" | "connecting" | "live" | "waiting";

export interface LiveState {
  phase: Phase;
  /** When the stream was last known to work; null before the first time. */
  liveAt: number | null;
}

/** What is used of an `EventSource`; the app has a reader of its own. */
export interface EventLine {
  readonly readyState: number;
  addEventListener(type: "open" | "message" | "error", listener: (event: Event) => void): void;
  close(): void;
}

export interface Ports {
  ticket: () => Promise<string>;
  socket: (ticket: string) => WebSocket;
  /** Server-sent events, for networks that break WebSockets. */
  stream: (patientId: string, cursor: string | null) => EventLine;
  deliver: (frames: Frame[]) => void;
  /** Something may have been missed: what is on screen must be asked again. */
  missed: (patientId: string) => void;
  ended: () => void;
}

export const FLUSH_MS = 250;
export const PING_MS = 20_000;
export const SILENCE_MS = 45_000;
const HIDDEN_MS = 5 * 60_000;
const MAX_DELAY_MS = 30_000;
const TRIES_BEFORE_SSE = 3;
/** A browser keeps six connections to one place, and the rest of the page needs some. */
const MAX_STREAMS = 4;
/** What `readyState` says of a stream that was refused; one that lost its network says something else. */
const CLOSED = 2;

/** 1, 2, 4 … 30 s, each up to a quarter longer so that a thousand pages do not come back at once. */
export function delayFor(attempt: number, random: () => number): number {
  return Math.min(1000 * 2 ** attempt, MAX_DELAY_MS) * (1 + random() / 4);
}

interface Subscription {
  holders: number;
  cursor: string | null;
  /** Whether the server has confirmed it at least once. */
  begun: boolean;
}

export class LiveStream {
  private state: LiveState = { phase: "idle", liveAt: null };
  private readonly watchers = new Set<() => void>();
  private readonly subscriptions = new Map<string, Subscription>();
  private pending: Frame[] = [];
  private socket: WebSocket | null = null;
  private readonly streams = new Map<string, EventLine>();
  private readonly opened = new Set<string>();
  private attempt = 0;
  /** Sockets in a row over which no word came, be it that they never opened or were cut at once. */
  private socketsFailed = 0;
  private generation = 0;
  private heardAt = 0;
  private hiddenAt: number | null = null;
  private readonly timers: { retry?: Timer; flush?: Timer; ping?: Timer } = {};
  private readonly ports: Ports;

  constructor(ports: Ports) {
    this.ports = ports;
  }

  // --- for React: useSyncExternalStore
  readonly watch = (watcher: () => void) => {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  };
  readonly read = (): LiveState => this.state;

  /** Starts listening to the browser's own signals. Answers the way to stop everything. */
  start(): () => void {
    const online = () => {
      this.socketsFailed = 0; // perhaps it is another network
      this.retryNow();
    };
    const offline = () => this.drop();
    const visibility = () => this.onVisibility();
    addEventListener("online", online);
    addEventListener("offline", offline);
    document.addEventListener("visibilitychange", visibility);
    return () => {
      removeEventListener("online", online);
      removeEventListener("offline", offline);
      document.removeEventListener("visibilitychange", visibility);
      this.stop();
    };
  }

  subscribe(patientId: string): () => void {
    const known = this.subscriptions.get(patientId);
    if (known) known.holders += 1;
    else {
      this.subscriptions.set(patientId, { holders: 1, cursor: null, begun: false });
      if (this.streams.size > 0) this.openStream(patientId, this.generation);
      else if (this.state.phase === "live") this.sendSubscribe(patientId);
      else if (this.state.phase === "idle") void this.connect();
    }
    return () => this.release(patientId);
  }

  private release(patientId: string) {
    const subscription = this.subscriptions.get(patientId);
    if (!subscription) return;
    subscription.holders -= 1;
    if (subscription.holders > 0) return;
    this.subscriptions.delete(patientId);
    this.send({ type: "unsubscribe", patient_id: patientId });
    this.closeStream(patientId);
    if (this.subscriptions.size === 0) this.stop();
  }

  stop() {
    this.generation += 1;
    clearTimeout(this.timers.retry);
    clearInterval(this.timers.ping);
    this.flush();
    this.close();
    this.attempt = 0;
    this.become("idle");
  }

  private become(phase: Phase) {
    const liveAt = phase === "live" || this.state.phase === "live" ? Date.now() : this.state.liveAt;
    if (phase === this.state.phase && phase !== "live") return;
    this.state = { phase, liveAt };
    for (const watcher of this.watchers) watcher();
  }

  private close() {
    const socket = this.socket;
    this.socket = null;
    if (socket && socket.readyState <= WebSocket.OPEN) socket.close();
    for (const patientId of this.streams.keys()) this.closeStream(patientId);
  }

  private async connect() {
    if (this.subscriptions.size === 0) return;
    const generation = ++this.generation;
    clearTimeout(this.timers.retry);
    this.become("connecting");
    if (this.socketsFailed >= TRIES_BEFORE_SSE) {
      for (const patientId of this.subscriptions.keys()) this.openStream(patientId, generation);
      return;
    }
    let ticket: string;
    try {
      ticket = await this.ports.ticket();
    } catch {
      if (generation === this.generation) this.retryLater();
      return;
    }
    if (generation !== this.generation) return;
    this.openSocket(this.ports.socket(ticket), generation);
  }

  private openSocket(socket: WebSocket, generation: number) {
    this.socket = socket;
    let heard = false;
    socket.addEventListener("open", () => {
      if (generation === this.generation) this.onOpen();
    });
    socket.addEventListener("message", (event: MessageEvent<unknown>) => {
      if (generation !== this.generation) return;
      heard = true;
      this.socketsFailed = 0;
      this.onMessage(event.data);
    });
    socket.addEventListener("close", (event: CloseEvent) => {
      if (generation !== this.generation) return;
      if (!heard) this.socketsFailed += 1;
      if (event.code === 4401 || event.code === 4403) {
        this.stop();
        this.ports.ended();
      } else this.retryLater();
    });
  }

  /** Above `MAX_STREAMS` there is none: who has none is asked about at each ping. */
  private openStream(patientId: string, generation: number) {
    if (this.streams.size >= MAX_STREAMS) return;
    const stream = this.ports.stream(patientId, this.subscriptions.get(patientId)?.cursor ?? null);
    this.streams.set(patientId, stream);
    const isCurrent = () => generation === this.generation && this.streams.get(patientId) === stream;
    stream.addEventListener("open", () => {
      if (!isCurrent()) return;
      this.opened.add(patientId);
      if (this.opened.size === this.streams.size) this.onOpen();
    });
    stream.addEventListener("message", (event) => {
      if (isCurrent() && event instanceof MessageEvent) this.onMessage(event.data, patientId);
    });
    stream.addEventListener("error", () => {
      if (isCurrent()) this.onStreamLost(patientId, stream);
    });
  }

  private closeStream(patientId: string) {
    this.streams.get(patientId)?.close();
    this.streams.delete(patientId);
    this.opened.delete(patientId);
  }

  /** One that is refused while others are open is a person who may not be seen any more: asking says what is so. */
  private onStreamLost(patientId: string, stream: EventLine) {
    if (stream.readyState === CLOSED && this.streams.size > 1) {
      this.closeStream(patientId);
      this.ports.missed(patientId);
      if (this.opened.size === this.streams.size) this.onOpen();
      return;
    }
    // A socket gets one try before the next stream: its ticket also finds out when the session has ended.
    this.socketsFailed = TRIES_BEFORE_SSE - 1;
    this.retryLater();
  }

  private onOpen() {
    this.heardAt = Date.now();
    this.become("live");
    clearInterval(this.timers.ping);
    this.timers.ping = setInterval(() => this.onPing(), PING_MS);
    if (this.socket) for (const patientId of this.subscriptions.keys()) this.sendSubscribe(patientId);
  }

  /** A stream is not asked for a sign of life; the server sends one by itself. */
  private onPing() {
    if (Date.now() - this.heardAt > SILENCE_MS) {
      this.drop();
      return;
    }
    this.send({ type: "ping" });
    if (this.streams.size === 0) return;
    for (const patientId of this.subscriptions.keys()) if (!this.streams.has(patientId)) this.ports.missed(patientId);
  }

  private send(message: object) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  private sendSubscribe(patientId: string) {
    const after = this.subscriptions.get(patientId)?.cursor;
    this.send({ type: "subscribe", patient_id: patientId, ...(after ? { after } : {}) });
  }

  /** `streamOf`: whose stream brought it, where each person has one. */
  private onMessage(raw: unknown, streamOf?: string) {
    this.heardAt = Date.now();
    this.attempt = 0;
    const frame = parseFrame(raw);
    if (!frame || frame.type === "pong") return;
    if ("cursor" in frame && frame.cursor) this.keepCursor(frame, frame.cursor, streamOf);
    if (frame.type === "subscribed") {
      this.onSubscribed(frame.patient_id);
      return;
    }
    this.pending.push(frame);
    if (frame.type === "alert" || frame.type === "revoked") this.flush();
    else this.timers.flush ??= setTimeout(() => this.flush(), FLUSH_MS);
  }

  /** With one subscription every cursor is its own; with several, only a frame that names the person moves it. */
  private keepCursor(frame: Frame, cursor: string, streamOf?: string) {
    const named = streamOf ?? ("patient_id" in frame ? frame.patient_id : undefined);
    const only = this.subscriptions.size === 1 ? [...this.subscriptions.keys()][0] : undefined;
    const subscription = this.subscriptions.get(named ?? only ?? "");
    if (subscription) subscription.cursor = cursor;
  }

  /** What was asked over HTTP before the first confirmation may have missed a reading in between: ask it again. */
  private onSubscribed(patientId: string | undefined) {
    const subscription = this.subscriptions.get(patientId ?? "");
    if (!patientId || !subscription || subscription.begun) return;
    subscription.begun = true;
    this.ports.missed(patientId);
  }

  private flush() {
    clearTimeout(this.timers.flush);
    this.timers.flush = undefined;
    if (this.pending.length === 0) return;
    const frames = this.pending;
    this.pending = [];
    this.ports.deliver(frames);
  }

  private drop() {
    this.close();
    this.retryLater();
  }

  private retryLater() {
    this.generation += 1;
    clearInterval(this.timers.ping);
    clearTimeout(this.timers.retry);
    this.close();
    this.become("waiting");
    // The other way was not tried yet: nothing is won by waiting for it.
    const delay = this.socketsFailed === TRIES_BEFORE_SSE ? 0 : delayFor(this.attempt, Math.random);
    this.timers.retry = setTimeout(() => void this.connect(), delay);
    this.attempt += 1;
  }

  private retryNow() {
    if (this.state.phase !== "waiting") return;
    this.attempt = 0;
    void this.connect();
  }

  private onVisibility() {
    if (document.hidden) {
      this.hiddenAt = Date.now();
      return;
    }
    this.retryNow();
    if (this.hiddenAt !== null && Date.now() - this.hiddenAt > HIDDEN_MS) {
      for (const patientId of this.subscriptions.keys()) this.ports.missed(patientId);
    }
    this.hiddenAt = null;
  }
}

type Timer = ReturnType<typeof setTimeout>;
