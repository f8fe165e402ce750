// One way to speak to a device over Bluetooth, whatever it is spoken through. Features know this file and no browser.
// UUIDs are the 16-bit ones of the Bluetooth SIG as four hex digits ("1810"), or 128-bit text.

/** Why Bluetooth cannot be used here; each has its own sentence and leads to another way of connecting. */
export const WHY_NOT = ["ios", "browser", "insecure", "adapter", "blocked"] as const;
export type WhyNot = (typeof WHY_NOT)[number];

/** What went wrong with a device. `notChosen` is the person's own decision. */
export const FAULTS = ["notChosen", "noAdapter", "refused", "silent", "otherDevice", "lost", "unknown"] as const;
export type BluetoothFault = (typeof FAULTS)[number];

export class BluetoothTrouble extends Error {
  override name = "BluetoothTrouble";
  readonly fault: BluetoothFault;

  constructor(fault: BluetoothFault, options?: ErrorOptions) {
    super(fault, options);
    this.fault = fault;
  }
}

/** Which devices the list shows: any of the services, or a name that begins so. */
export interface Wanted {
  services: readonly string[];
  namePrefixes?: readonly string[];
}

export type OnValue = (value: DataView) => void;

/** A device that the person chose. Nothing here waits for ever: whoever calls sets the limit. */
export interface Peripheral {
  readonly id: string;
  readonly name: string;
  connect(): Promise<void>;
  disconnect(): void;
  /** Which of the wanted services it has. */
  services(): Promise<string[]>;
  characteristics(service: string): Promise<string[]>;
  read(service: string, characteristic: string): Promise<DataView>;
  write(service: string, characteristic: string, value: Uint8Array<ArrayBuffer>): Promise<void>;
  listen(service: string, characteristic: string, onValue: OnValue): Promise<void>;
  /** Called when the link breaks, not when we end it. */
  onLost(listener: () => void): void;
}

export interface Room {
  /** Asked anew before each try: an adapter that is plugged in makes no event. */
  whyNot(): Promise<WhyNot | null>;
  /** Opens the list of the browser or system. Must be called from a press of a button. */
  choose(wanted: Wanted): Promise<Peripheral>;
}

const TAIL = "-0000-1000-8000-00805f9b34fb";

export function longUuid(uuid: string): string {
  const text = uuid.toLowerCase();
  return text.length === 4 ? `0000${text}${TAIL}` : text;
}

export function shortUuid(uuid: string): string {
  const text = uuid.toLowerCase();
  return text.startsWith("0000") && text.endsWith(TAIL) ? text.slice(4, 8) : text;
}

export function hexOf(value: DataView): string {
  return Array.from(new Uint8Array(value.buffer, value.byteOffset, value.byteLength), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
