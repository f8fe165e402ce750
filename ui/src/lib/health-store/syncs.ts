// How far this phone's health data are on their way, connection by connection; pages watch it. One runs at a time: a phone has
// one store and often one bar of signal.
import type { Connection } from "~/lib/api-types";
import { ApiProblem } from "~/lib/problem";
import { MINUTE } from "~/lib/time";
import type { Memory } from "./memory";
import { typesOf, type HealthStore, type StoreName } from "./store";
import { sendTo, syncStore, type Sent } from "./sync";

export type SyncState =
  | { phase: "idle" }
  | { phase: "waiting" }
  | { phase: "running"; sent: Sent }
  | { phase: "done"; sent: Sent; at: number }
  /** `store`: the phone did not let us read; every other code is the server's, or that none was reached. */
  | { phase: "trouble"; code: string; at: number };

const IDLE: SyncState = { phase: "idle" };
const NOTHING: Sent = { accepted: 0, rejected: 0, deleted: 0 };
/** Who looks at another app for a moment and comes back has waited long enough. */
export const AGAIN_MS = MINUTE;

/** Whether this phone reads for a connection: paired here, of its kind of store, and still consented to. */
export function isReadHere(connection: Connection, name: StoreName | null, paired: readonly string[]): boolean {
  const isOn = connection.status === "connected" || connection.status === "disconnected";
  return isOn && connection.pairing_method === name && connection.consent !== null && paired.includes(connection.id);
}

export function isBusy(state: SyncState): boolean {
  return state.phase === "waiting" || state.phase === "running";
}

/** Whether opening the app begins another one. */
export function isDue(state: SyncState, now: number): boolean {
  return !isBusy(state) && (state.phase !== "done" || now - state.at >= AGAIN_MS);
}

interface Ports {
  store: HealthStore;
  memory: Memory;
  now: () => number;
  /** The server does not know the person any more. */
  ended: () => void;
  /** Something has arrived: what pages show of the connection is older than that. */
  arrived: (connectionId: string) => void;
}

export class Syncs {
  readonly #ports: Ports;
  #states: ReadonlyMap<string, SyncState> = new Map();
  readonly #watchers = new Set<() => void>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  readonly watch = (watcher: () => void) => {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  };
  readonly read = () => this.#states;
  of(connectionId: string): SyncState {
    return this.#states.get(connectionId) ?? IDLE;
  }

  /** Resolves with how it ended. Asked again while it runs, it is the same one. */
  sync(connection: Connection, name: StoreName): Promise<SyncState> {
    if (isBusy(this.of(connection.id))) return this.#last.then(() => this.of(connection.id));
    this.#put(connection.id, { phase: "waiting" });
    const mine = this.#last.then(() => this.#run(connection, name));
    this.#last = mine;
    return mine;
  }

  async #run(connection: Connection, name: StoreName): Promise<SyncState> {
    const { store, memory, now, arrived } = this.#ports;
    this.#put(connection.id, { phase: "running", sent: NOTHING });
    try {
      const sent = await syncStore({
        store,
        name,
        memory,
        send: sendTo(name),
        connectionId: connection.id,
        types: typesOf(connection.consent?.data_kinds ?? []),
        now: now(),
        onProgress: (soFar) => this.#put(connection.id, { phase: "running", sent: soFar }),
      });
      return this.#put(connection.id, { phase: "done", sent, at: now() });
    } catch (error) {
      if (error instanceof ApiProblem && error.status === 401) this.#ports.ended();
      return this.#put(connection.id, { phase: "trouble", code: error instanceof ApiProblem ? error.code : "store", at: now() });
    } finally {
      arrived(connection.id);
    }
  }

  #put(id: string, state: SyncState): SyncState {
    this.#states = new Map(this.#states).set(id, state);
    for (const tell of this.#watchers) tell();
    return state;
  }
}
