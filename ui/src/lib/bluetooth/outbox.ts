// Values that a device gave and the platform has not confirmed yet. They are put down here first, sealed, and leave only
// when the platform says that it has them; a page that closes, a line that drops and a second try lose and double nothing.
import { openDB, type DBSchema, type IDBPDatabase } from "idb";
import type { GattMessage } from "~/lib/api-types";

export const KEEP_MS = 7 * 24 * 3600_000;
export const KEEP_COUNT = 500;

// PHI: values rest in this browser until they are confirmed, for seven days at most; sealed with a key that cannot be read
// out, and opened only for the person who measured them. At sign-out what was sent leaves nothing behind, its key neither;
// what was not sent stays sealed and goes when that person is back: thrown away it would be lost.
interface Store extends DBSchema {
  values: { key: number; value: { owner: string; at: number; iv: Uint8Array<ArrayBuffer>; sealed: ArrayBuffer }; indexes: { owner: string } };
  keys: { key: string; value: CryptoKey };
}

export interface Waiting {
  id: number;
  message: GattMessage;
}

export class Outbox {
  readonly #db: Promise<IDBPDatabase<Store>>;
  readonly #now: () => number;

  constructor(name = "device-connect", now: () => number = Date.now) {
    this.#now = now;
    this.#db = openDB<Store>(name, 1, {
      upgrade(db) {
        db.createObjectStore("values", { autoIncrement: true }).createIndex("owner", "owner");
        db.createObjectStore("keys");
      },
    });
  }

  async #key(): Promise<CryptoKey> {
    const db = await this.#db;
    const known = await db.get("keys", "outbox");
    if (known) return known;
    const made = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
    const tx = db.transaction("keys", "readwrite");
    // Another tab may have been quicker: the key that is stored is the one that counts.
    const stored = (await tx.store.get("outbox")) ?? made;
    await tx.store.put(stored, "outbox");
    await tx.done;
    return stored;
  }

  /** False when too much waits already: then the device must keep it. */
  async add(owner: string, message: GattMessage): Promise<boolean> {
    const key = await this.#key();
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: new TextEncoder().encode(owner) }, key, new TextEncoder().encode(JSON.stringify(message)));
    const db = await this.#db;
    if ((await db.countFromIndex("values", "owner", owner)) >= KEEP_COUNT) return false;
    await db.add("values", { owner, at: this.#now(), iv, sealed });
    return true;
  }

  /** The oldest first. What is too old, or can no longer be read, is dropped on the way. */
  async waiting(owner: string, count = 100): Promise<Waiting[]> {
    const db = await this.#db;
    const ids = await db.getAllKeysFromIndex("values", "owner", owner);
    const found: Waiting[] = [];
    for (const id of ids) {
      if (found.length >= count) break;
      const message = await this.#open(id, owner);
      if (message) found.push({ id, message });
      else await db.delete("values", id);
    }
    return found;
  }

  async #open(id: number, owner: string): Promise<GattMessage | null> {
    const row = await (await this.#db).get("values", id);
    if (!row || this.#now() - row.at > KEEP_MS) return null;
    try {
      const plain = await crypto.subtle.decrypt({ name: "AES-GCM", iv: row.iv, additionalData: new TextEncoder().encode(owner) }, await this.#key(), row.sealed);
      return JSON.parse(new TextDecoder().decode(plain)) as GattMessage;
    } catch {
      return null;
    }
  }

  async remove(ids: readonly number[]): Promise<void> {
    const tx = (await this.#db).transaction("values", "readwrite");
    await Promise.all([...ids.map((id) => tx.store.delete(id)), tx.done]);
  }

  async count(owner: string): Promise<number> {
    return (await this.#db).countFromIndex("values", "owner", owner);
  }

  /** At sign-out: when nothing waits for anybody, the key goes too. */
  async leave(): Promise<void> {
    const tx = (await this.#db).transaction(["values", "keys"], "readwrite");
    if ((await tx.objectStore("values").count()) === 0) await tx.objectStore("keys").clear();
    await tx.done;
  }
}
