// Values that an earlier visit could not send go as soon as their person is back, on whatever page. Where none were ever kept
// nothing is loaded.
import type { Me } from "./api-types";

const NAME = "device-connect";

export async function sendWhatWaits(me: Me): Promise<void> {
  const kept = (await globalThis.indexedDB?.databases?.()) ?? [];
  if (kept.some((one) => one.name === NAME)) (await import("./bluetooth/session")).bluetoothOf(me);
}
