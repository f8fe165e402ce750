// How well a device is heard, in words.
export type Signal = "strong" | "good" | "weak" | "veryWeak";

export function signalOf(rssi: number | null | undefined): Signal | null {
  if (rssi === null || rssi === undefined) return null;
  if (rssi > -60) return "strong";
  if (rssi > -75) return "good";
  return rssi > -85 ? "weak" : "veryWeak";
}
