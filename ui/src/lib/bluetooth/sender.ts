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
  /** No more can be kept: what came since is in the device only. */
  isFull: boolean;
}

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;

type Hand = (messages: GattMessage[]) => Promise<{ refused: number }>;

/** Answers that would be the same the next time: the value or its device is not taken. */
const FINAL = new Set([400, 403, 404, 409, 413, 422]);

export const isFinal = (error: unknown) => error instanceof ApiProblem && FINAL.has(error.status) && error.code !== "csrf";

/** What the platform confirmed. A refusal of all of them is an answer too; anything else is thrown and tried again. */
async function hand(messages: GattMessage[]): Promise<{ refused: number }> {
  try {
    const receipt = await ask(api.POST("/api/v1/device-data/gatt", { body: messages }));
    return { refused: receipt.rejected.length };
  } catch (error) {
    if (isFinal(error)) return { refused: messages.length };
    throw error;
  }
}

export class Sender {
  #state: SendState = { waiting: 0, saved: 0, refused: 0, isAway: false, isFull: false };
  #adding: Promise<unknown> = Promise.resolve();
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

  /** Another device's values from now on: counts begin anew. */
  begin(): void {
    this.#set({ saved: 0, refused: 0, isFull: false });
  }

  /** Puts a value down, after those before it, and sends it as soon as it can be. Resolves when it is put down. */
  add(message: GattMessage): Promise<boolean> {
    const added = this.#adding.then(() => this.#add(message));
    this.#adding = added.catch(() => undefined);
    return added;
  }

  async #add(message: GattMessage): Promise<boolean> {
    let isKept = await this.#outbox.add(this.#owner, message);
    if (!isKept) {
      await this.flush(); // with a line there is room again
      isKept = await this.#outbox.add(this.#owner, message);
    }
    this.#set({ waiting: await this.#outbox.count(this.#owner), isFull: !isKept });
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
      } catch (error) {
        this.#set({ isAway: true });
        // Nobody is signed in any more: trying again would change nothing. The next visit sends it.
        if (this.#isStopped || (error instanceof ApiProblem && error.status === 401)) return;
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
