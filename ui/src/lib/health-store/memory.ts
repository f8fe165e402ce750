// How far each type has been read, kept on the phone: times, ids and prints of content, never a value.
import { openDB, type DBSchema, type IDBPDatabase } from "idb";
import type { Seen } from "./changes";

/** `anchor`: up to here everything is with the platform. */
export interface Mark {
  anchor: number;
  seen: Seen;
}

interface Marks extends DBSchema {
  marks: { key: string; value: Mark };
}

export class Memory {
  readonly #db: Promise<IDBPDatabase<Marks>>;

  constructor(name = "device-connect-health") {
    this.#db = openDB<Marks>(name, 1, { upgrade: (db) => void db.createObjectStore("marks") });
  }

  async get(connectionId: string, type: string): Promise<Mark | null> {
    return (await (await this.#db).get("marks", `${connectionId}/${type}`)) ?? null;
  }

  async put(connectionId: string, type: string, mark: Mark): Promise<void> {
    await (await this.#db).put("marks", mark, `${connectionId}/${type}`);
  }

  /** At sign-out: the next person starts anew. */
  async clear(): Promise<void> {
    await (await this.#db).clear("marks");
  }
}
