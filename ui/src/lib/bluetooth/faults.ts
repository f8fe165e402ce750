// What browsers say when Bluetooth goes wrong, as our faults. Names are shared by different causes, so the message decides.
import { BluetoothTrouble, type BluetoothFault } from "./room";

/** Chromium 156, as measured with an emulated adapter. The first row that fits counts. */
const SAID: readonly [name: string, message: RegExp, fault: BluetoothFault][] = [
  ["NotFoundError", /adapter/i, "noAdapter"],
  ["NotFoundError", /cancel/i, "notChosen"],
  ["NotFoundError", /service|characteristic/i, "otherDevice"],
  ["NotFoundError", /./, "notChosen"],
  ["SecurityError", /./, "refused"],
  ["NotAllowedError", /./, "refused"],
  ["NetworkError", /disconnected|connect\b.*first/i, "lost"],
  ["NetworkError", /./, "silent"],
  ["TimeoutError", /./, "silent"],
  ["InvalidStateError", /./, "lost"],
  ["AbortError", /./, "lost"],
];

export function faultOf(error: unknown): BluetoothFault {
  if (error instanceof BluetoothTrouble) return error.fault;
  const { name = "", message = "" } = (error ?? {}) as Partial<Error>;
  return SAID.find(([called, said]) => called === name && said.test(message || " "))?.[2] ?? "unknown";
}

export function troubleOf(error: unknown): BluetoothTrouble {
  return error instanceof BluetoothTrouble ? error : new BluetoothTrouble(faultOf(error), { cause: error });
}

/** The promise, or `silent` after so long; what it was waiting for is called off. */
export async function within<T>(ms: number, work: Promise<T>, callOff: () => void = () => {}): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new BluetoothTrouble("silent"));
      callOff();
    }, ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
