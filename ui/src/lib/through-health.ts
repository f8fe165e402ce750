// A device whose readings come through the Health app of a phone, and that may send: the person said yes and has not ended it.
import type { Connection } from "./api-types";

export function comesThroughHealth({ pairing_method: method, status, consent }: Connection): boolean {
  return method === "healthkit" && status !== "revoked" && consent !== null;
}
