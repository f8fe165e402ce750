// A file on its way to the object store, whatever the line does. The platform takes a file in one piece, so what is kept is
// where the piece goes and whether it arrived: the next try asks nothing that was answered and sends nothing that arrived.
import { openDB, type DBSchema, type IDBPDatabase } from "idb";
import { api, ask } from "~/lib/api";
import type { paths } from "~/lib/api-types";
import { ApiProblem } from "~/lib/problem";

type Presign = paths["/api/v1/uploads/presign"]["post"]["requestBody"]["content"]["application/json"];
export type UploadKind = Presign["kind"];

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

export interface Wish {
  connectionId: string;
  kind: UploadKind;
  file: Blob;
}

interface Surroundings {
  memory: UploadMemory;
  /** Resolves when it is worth trying again. */
  rest: (attempt: number) => Promise<void>;
  now: () => number;
}

export const TRIES = 6;
/** An address with less left than this is not begun with. */
const MARGIN_MS = 10_000;

/** The id of the verified upload. Throws `ApiProblem` for what no further try would change, or after the last one. */
export async function upload(wish: Wish, around: Surroundings): Promise<string> {
  const sha256 = await digestOf(wish.file);
  const key = `${wish.connectionId}/${sha256}`;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const id = await step(wish, sha256, key, around);
      await around.memory.drop(key);
      return id;
    } catch (error) {
      if (!isPassing(error) || attempt >= TRIES) throw error;
      await around.rest(attempt);
    }
  }
}

async function step(wish: Wish, sha256: string, key: string, { memory, now }: Surroundings): Promise<string> {
  let under = await memory.get(key);
  if (!under || (!under.hasArrived && under.expiresAt - MARGIN_MS <= now())) {
    under = await presign(wish, sha256);
    await memory.put(key, under);
  }
  if (!under.hasArrived) {
    await send(under, wish.file);
    under = { ...under, hasArrived: true };
    await memory.put(key, under);
  }
  try {
    await ask(api.POST("/api/v1/uploads/{upload_id}/complete", { params: { path: { upload_id: under.uploadId } } }));
  } catch (error) {
    // It is not there after all, or it is spoilt: the next try begins anew.
    if (error instanceof ApiProblem && error.status >= 400 && error.status < 500 && error.status !== 401 && error.status !== 429) await memory.drop(key);
    throw error;
  }
  return under.uploadId;
}

async function presign({ connectionId, kind, file }: Wish, sha256: string): Promise<Upload> {
  const body: Presign = { device_connection_id: connectionId, kind, content_type: file.type, size: file.size, sha256 };
  const given = await ask(api.POST("/api/v1/uploads/presign", { body }));
  return { uploadId: given.upload_id, url: given.url, headers: given.headers, expiresAt: Date.parse(given.expires_at), hasArrived: false };
}

/** To the object store: without our credentials, for the address is its own proof. */
async function send({ url, headers }: Upload, file: Blob): Promise<void> {
  let answer: Response;
  try {
    answer = await fetch(url, { method: "PUT", headers, body: file, credentials: "omit", referrerPolicy: "no-referrer" });
  } catch {
    throw new ApiProblem(0, "network");
  }
  if (!answer.ok) throw new ApiProblem(answer.status, "upload_refused");
}

/** No line, a store or platform that is busy, or an object that has not come: another try may do. */
function isPassing(error: unknown): boolean {
  if (!(error instanceof ApiProblem)) return false;
  return error.status === 0 || error.status === 429 || error.status >= 500 || error.code === "unknown_object" || error.code === "upload_refused";
}

/** Two, four, … thirty seconds, and sooner when the line is back. */
export function restUntilOnline(attempt: number): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      clearTimeout(timer);
      globalThis.removeEventListener("online", go);
      resolve();
    };
    const timer = setTimeout(go, Math.min(2 ** attempt, 30) * 1000);
    globalThis.addEventListener("online", go);
  });
}

export async function digestOf(file: Blob): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
