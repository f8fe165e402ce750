// The SHA-256 of a file, part by part: gigabytes go through the memory of one part. The browser's own digest wants a file
// whole, and the policy of our pages lets no WebAssembly run.
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import type { Told } from "./told";

const PART = 4 * 1024 * 1024;

export type Digest = (file: Blob, onDone: Told, signal: AbortSignal) => Promise<string>;

export const digestOf: Digest = async (file, onDone, signal) => {
  const hash = sha256.create();
  for (let at = 0; at < file.size; at += PART) {
    signal.throwIfAborted();
    const part = new Uint8Array(await file.slice(at, at + PART).arrayBuffer());
    hash.update(part);
    onDone(at + part.length);
  }
  signal.throwIfAborted();
  return bytesToHex(hash.digest());
};
