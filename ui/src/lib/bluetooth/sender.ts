// Sends what waits in the outbox, in order, and removes what the platform has confirmed. One at a time; sooner when the
// line is back.
import { api, ask } from "~/lib/api";
import type { GattMessage } from "~/lib/api-types";
import { ApiProblem } from "~/lib/problem";
import type { Outbox } from "./outbox";

export interface SendState {
  waiting: number;
  /** Confirmed since the page was opened. */
  saved: number;
  /** Refused for good: sending them again would change nothing. */
  refused: number;
  isAway: boolean;
}

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;

type Hand = (messages: GattMessage[]) => Promise<{ refused: number }>;

/** What the platform confirmed. A refusal of all of them is an answer too; anything else is thrown and tried again. */
async function hand(messages: GattMessage[]): Promise<{ refused: number }> {
  try {
    const receipt = await ask(api.POST("/api/v1/device-data/gatt", { body: messages }));
    return { refused: receipt.rejected.length };
  } catch (error) {
    if (error instanceof ApiProblem && (error.status === 422 || error.status === 409)) return { refused: messages.length };
    throw error;
  }
}

export class Sender {
  #state: SendState = { waiting: 0, saved: 0, refused: 0, isAway: false };
  #run: Promise<void> | null = null;
  #again = false;
  #waitMs = FIRST_WAIT_MS;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isStopped = false;
  readonly #listeners = new Set<() => void>();
  readonly #outbox: Outbox;
  readonly #owner: string;
  readonly #hand: Hand;

  constructor(outbox: Outbox, owner: string, handOver: Hand = hand) {
    this.#outbox = outbox;
    this.#owner = owner;
    this.#hand = handOver;
  }

  readonly state = (): SendState => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  #set(change: Partial<SendState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener();
  }

  /** Puts a value down, and sends it as soon as it can be. Resolves when it is put down. */
  async add(message: GattMessage): Promise<boolean> {
    const isKept = await this.#outbox.add(this.#owner, message);
    this.#set({ waiting: await this.#outbox.count(this.#owner) });
    void this.flush();
    return isKept;
  }

  /** Tries now; resolves when nothing waits any more, or when it must be tried again later. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#isStopped) return Promise.resolve();
    if (this.#run) {
      this.#again = true;
      return this.#run;
    }
    this.#run = this.#flush().finally(() => {
      this.#run = null;
    });
    return this.#run;
  }

  async #flush(): Promise<void> {
    do {
      this.#again = false;
      const batch = await this.#outbox.waiting(this.#owner);
      if (batch.length === 0) break;
      try {
        const { refused } = await this.#hand(batch.map((one) => one.message));
        await this.#outbox.remove(batch.map((one) => one.id));
        this.#waitMs = FIRST_WAIT_MS;
        this.#set({ saved: this.#state.saved + batch.length - refused, refused: this.#state.refused + refused, isAway: false });
        this.#again = true;
      } catch {
        this.#set({ isAway: true });
        if (this.#isStopped) return;
        this.#timer = setTimeout(() => void this.flush(), this.#waitMs);
        this.#waitMs = Math.min(this.#waitMs * 2, LONGEST_WAIT_MS);
        return;
      } finally {
        this.#set({ waiting: await this.#outbox.count(this.#owner) });
      }
    } while (this.#again);
  }

  /** Nothing is sent any more; what waits stays where it is. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }
}
