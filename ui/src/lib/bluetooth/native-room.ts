// The phone's own Bluetooth, in the companion app: the same interface as the browser's. Loaded by the app alone.
import { BleClient, type BleService } from "@capacitor-community/bluetooth-le";
import { BluetoothTrouble, longUuid, shortUuid, type BluetoothFault, type OnValue, type Peripheral, type Room, type Wanted } from "./room";

/** What the plugin and the two systems say when something goes wrong. The first row that fits counts. */
const SAID: readonly [message: RegExp, fault: BluetoothFault][] = [
  [/cancel/i, "notChosen"],
  [/no device|not found.*device/i, "notChosen"],
  [/permission|denied|unauthorized/i, "refused"],
  [/not enabled|powered off|disabled|unsupported|not supported/i, "noAdapter"],
  [/service not found|characteristic not found/i, "otherDevice"],
  [/not connected|disconnected/i, "lost"],
  [/timeout|time out|133|failed to connect|connection failed/i, "silent"],
];
/** Android answers so when its stack stumbles; connecting once more helps. */
const STUMBLED = /133/;

export function nativeFault(error: unknown): BluetoothFault {
  if (error instanceof BluetoothTrouble) return error.fault;
  const message = error instanceof Error ? error.message : String(error);
  return SAID.find(([said]) => said.test(message))?.[1] ?? "unknown";
}

async function said<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new BluetoothTrouble(nativeFault(error), { cause: error });
  }
}

/** Battery, device information and time: useful from every device, required of none. */
const ALSO = ["180f", "180a", "1805"];

export const nativeRoom: Room = {
  async whyNot() {
    try {
      // The manifest promises the same: what is heard is never used to learn where the person is.
      await BleClient.initialize({ androidNeverForLocation: true });
      return (await BleClient.isEnabled()) ? null : "adapter";
    } catch {
      return "blocked";
    }
  },

  async choose({ services, namePrefixes = [] }: Wanted) {
    const wanted = services.map(longUuid);
    const optionalServices = [...new Set([...wanted, ...ALSO.map(longUuid)])];
    // Names and services narrow each other here; where a name is known, it alone decides.
    const narrow = namePrefixes.length === 1 ? { namePrefix: namePrefixes[0] } : { services: wanted };
    const { deviceId, name } = await said(BleClient.requestDevice({ ...narrow, optionalServices }));
    return new NativePeripheral(deviceId, name ?? "");
  },
};

class NativePeripheral implements Peripheral {
  readonly id: string;
  readonly name: string;
  #onLost: () => void = () => {};
  #isEnding = false;

  constructor(id: string, name: string) {
    this.id = id;
    this.name = name;
  }

  async connect() {
    this.#isEnding = false;
    const connect = () =>
      BleClient.connect(this.id, () => {
        if (!this.#isEnding) this.#onLost();
      });
    try {
      await connect();
    } catch (error) {
      if (!STUMBLED.test(String(error))) throw new BluetoothTrouble(nativeFault(error), { cause: error });
      await BleClient.disconnect(this.id).catch(() => {});
      await said(connect());
    }
  }

  disconnect() {
    this.#isEnding = true;
    void BleClient.disconnect(this.id).catch(() => {});
  }

  async services() {
    return (await this.#services()).map(({ uuid }) => shortUuid(uuid));
  }

  async characteristics(service: string) {
    const found = (await this.#services()).find(({ uuid }) => shortUuid(uuid) === shortUuid(service));
    if (!found) throw new BluetoothTrouble("otherDevice");
    return found.characteristics.map(({ uuid }) => shortUuid(uuid));
  }

  read(service: string, characteristic: string) {
    return said(BleClient.read(this.id, longUuid(service), longUuid(characteristic)));
  }

  write(service: string, characteristic: string, value: Uint8Array<ArrayBuffer>) {
    return said(BleClient.write(this.id, longUuid(service), longUuid(characteristic), new DataView(value.buffer, value.byteOffset, value.byteLength)));
  }

  listen(service: string, characteristic: string, onValue: OnValue) {
    return said(BleClient.startNotifications(this.id, longUuid(service), longUuid(characteristic), onValue));
  }

  onLost(listener: () => void) {
    this.#onLost = listener;
  }

  #services(): Promise<BleService[]> {
    return said(BleClient.getServices(this.id));
  }
}
