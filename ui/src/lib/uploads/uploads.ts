// A file on its way to the object store, whatever the line does. The platform takes a file in one piece, so what is kept is
// where the piece goes and whether it arrived: the next try asks nothing that was answered and sends nothing that arrived.
import { api, ask } from "../api";
import type { paths } from "../api-types";
import { ApiProblem } from "../problem";
import type { Digest } from "./digest";
import type { Upload, UploadMemory } from "./memory";
import { put } from "./put";

type Presign = paths["/api/v1/uploads/presign"]["post"]["requestBody"]["content"]["application/json"];
export type UploadKind = Presign["kind"];

export interface Wish {
  connectionId: string;
  kind: UploadKind;
  /** As its first bytes say: what a browser calls a file differs from one machine to the next. */
  contentType: string;
  file: Blob;
}

/** What is done with a file, one after the other: read once here, sent, and compared there. */
export type UploadStep = "checking" | "sending" | "arriving";

export interface Surroundings {
  memory: UploadMemory;
  digest: Digest;
  /**
   * Resolves when it is worth trying again, or when it is stopped. Gigabytes are compared for longer than a request lasts: the
   * platform is busy then, and the line is good.
   */
  rest: (attempt: number, signal: AbortSignal, error: ApiProblem) => Promise<void>;
  now: () => number;
  onProgress: (step: UploadStep, done: number) => void;
  /** Ends it. What arrived stays, and the same file goes on from there. */
  signal: AbortSignal;
}

export const TRIES = 6;
/** An address with less left than this is not begun with. */
const MARGIN_MS = 10_000;

/** The id of the verified upload. Throws `ApiProblem` for what no further try would change, or after the last one. */
export async function upload(wish: Wish, around: Surroundings): Promise<string> {
  around.onProgress("checking", 0);
  const sha256 = await around.digest(wish.file, (done) => around.onProgress("checking", done), around.signal);
  const key = `${wish.connectionId}/${sha256}`;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const id = await step(wish, sha256, key, around);
      await around.memory.drop(key);
      return id;
    } catch (error) {
      if (!isPassing(error) || attempt >= TRIES) throw error;
      await around.rest(attempt, around.signal, error);
      around.signal.throwIfAborted();
    }
  }
}

async function step(wish: Wish, sha256: string, key: string, around: Surroundings): Promise<string> {
  const { memory, now, onProgress, signal } = around;
  let under = await memory.get(key);
  if (!under || (!under.hasArrived && under.expiresAt - MARGIN_MS <= now())) {
    under = await presign(wish, sha256, signal);
    await memory.put(key, under);
  }
  if (!under.hasArrived) {
    onProgress("sending", 0);
    await forgetIfRefused(memory, key, put(under, wish.file, (done) => onProgress("sending", done), signal));
    under = { ...under, hasArrived: true };
    await memory.put(key, under);
  }
  onProgress("arriving", 0);
  const params = { path: { upload_id: under.uploadId } };
  await forgetIfRefused(memory, key, ask(api.POST("/api/v1/uploads/{upload_id}/complete", { params, signal })));
  return under.uploadId;
}

/** What is refused for good (an address that has run out, a file that is not there after all, or spoilt) begins anew. */
async function forgetIfRefused(memory: UploadMemory, key: string, work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (isFinal(error)) await memory.drop(key);
    throw error;
  }
}

async function presign({ connectionId, kind, contentType, file }: Wish, sha256: string, signal: AbortSignal): Promise<Upload> {
  const body: Presign = { device_connection_id: connectionId, kind, content_type: contentType, size: file.size, sha256 };
  const given = await ask(api.POST("/api/v1/uploads/presign", { body, signal }));
  return { uploadId: given.upload_id, url: given.url, headers: given.headers, expiresAt: Date.parse(given.expires_at), hasArrived: false };
}

function isFinal(error: unknown): boolean {
  return error instanceof ApiProblem && error.status >= 400 && error.status < 500 && error.status !== 401 && error.status !== 429;
}

/** No line, a store or platform that is busy, or an object that has not come: another try may do. */
function isPassing(error: unknown): error is ApiProblem {
  if (!(error instanceof ApiProblem) || error.code === "file_unreadable") return false;
  return error.status === 0 || error.status === 429 || error.status >= 500 || error.code === "unknown_object" || error.code === "upload_refused";
}

/** Two, four, … thirty seconds, and sooner when the line is back. Where the browser knows that there is none, until there is. */
export function restUntilOnline(attempt: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      clearTimeout(timer);
      globalThis.removeEventListener("online", go);
      signal.removeEventListener("abort", go);
      resolve();
    };
    const timer = navigator.onLine ? setTimeout(go, Math.min(2 ** attempt, 30) * 1000) : undefined;
    globalThis.addEventListener("online", go);
    signal.addEventListener("abort", go);
  });
}
