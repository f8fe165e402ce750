// What is remembered of uploads that are not finished, over reloads and restarts of the app.
import { openDB, type DBSchema, type IDBPDatabase } from "idb";

export interface Upload {
  uploadId: string;
  url: string;
  headers: Record<string, string>;
  expiresAt: number;
  hasArrived: boolean;
}

interface Uploads extends DBSchema {
  uploads: { key: string; value: Upload };
}

/** Uploads that are not finished, by device and content: addresses and numbers, nothing of what is in the file. */
export class UploadMemory {
  readonly #db: Promise<IDBPDatabase<Uploads>>;

  constructor(name = "device-connect-uploads") {
    this.#db = openDB<Uploads>(name, 1, { upgrade: (db) => void db.createObjectStore("uploads") });
  }

  async get(key: string): Promise<Upload | null> {
    return (await (await this.#db).get("uploads", key)) ?? null;
  }

  async put(key: string, upload: Upload): Promise<void> {
    await (await this.#db).put("uploads", upload, key);
  }

  async drop(key: string): Promise<void> {
    await (await this.#db).delete("uploads", key);
  }
}
