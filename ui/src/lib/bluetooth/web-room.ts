// The browser's own Bluetooth: Chrome, Edge and Android, on a secure page. Bytes pass through untouched.
import { faultOf, troubleOf } from "./faults";
import { BluetoothTrouble, longUuid, shortUuid, type OnValue, type Peripheral, type Room, type Wanted, type WhyNot } from "./room";

interface Surroundings {
  bluetooth: Bluetooth | undefined;
  userAgent: string;
  isSecure: boolean;
}

const here = (): Surroundings => ({ bluetooth: navigator.bluetooth, userAgent: navigator.userAgent, isSecure: globalThis.isSecureContext });

/** Which of the reasons it is, without asking the adapter. iPads say that they are Macs with a touch screen. */
export function missingHere({ bluetooth, userAgent, isSecure }: Surroundings, touchPoints = navigator.maxTouchPoints): WhyNot | null {
  if (bluetooth) return null;
  if (/iPhone|iPad|iPod/.test(userAgent) || (userAgent.includes("Macintosh") && touchPoints > 1)) return "ios";
  return isSecure ? "browser" : "insecure";
}

export const webRoom: Room = {
  async whyNot() {
    const around = here();
    const missing = missingHere(around);
    if (missing) return missing;
    try {
      return (await around.bluetooth?.getAvailability()) ? null : "adapter";
    } catch {
      return "blocked";
    }
  },

  async choose(wanted: Wanted) {
    const { bluetooth } = here();
    if (!bluetooth) throw new BluetoothTrouble("noAdapter");
    const services = wanted.services.map(longUuid);
    const filters = [...services.map((service) => ({ services: [service] })), ...(wanted.namePrefixes ?? []).map((namePrefix) => ({ namePrefix }))];
    try {
      return new WebPeripheral(await bluetooth.requestDevice({ filters, optionalServices: [...new Set([...services, ...ALSO.map(longUuid)])] }));
    } catch (error) {
      throw troubleOf(error);
    }
  },
};

/** Battery, device information and time: useful from every device, required of none. */
const ALSO = ["180f", "180a", "1805"];

class WebPeripheral implements Peripheral {
  readonly id: string;
  readonly name: string;
  readonly #device: BluetoothDevice;
  #isEnding = false;

  constructor(device: BluetoothDevice) {
    this.#device = device;
    this.id = device.id;
    this.name = device.name ?? "";
  }

  get #gatt(): BluetoothRemoteGATTServer {
    if (!this.#device.gatt) throw new BluetoothTrouble("silent");
    return this.#device.gatt;
  }

  async connect() {
    this.#isEnding = false;
    await said(this.#gatt.connect());
  }

  disconnect() {
    this.#isEnding = true;
    this.#device.gatt?.disconnect();
  }

  async services() {
    const found = await said(this.#gatt.getPrimaryServices());
    return found.map((service) => shortUuid(service.uuid));
  }

  async characteristics(service: string) {
    const found = await said((await this.#service(service)).getCharacteristics());
    return found.map((one) => shortUuid(one.uuid));
  }

  async read(service: string, characteristic: string) {
    return said((await this.#characteristic(service, characteristic)).readValue());
  }

  async write(service: string, characteristic: string, value: Uint8Array<ArrayBuffer>) {
    await said((await this.#characteristic(service, characteristic)).writeValueWithResponse(value));
  }

  async listen(service: string, characteristic: string, onValue: OnValue) {
    const one = await this.#characteristic(service, characteristic);
    one.addEventListener("characteristicvaluechanged", () => {
      if (one.value) onValue(one.value);
    });
    await said(one.startNotifications());
  }

  onLost(listener: () => void) {
    this.#device.addEventListener("gattserverdisconnected", () => {
      if (!this.#isEnding) listener();
    });
  }

  async #service(uuid: string) {
    return said(this.#gatt.getPrimaryService(longUuid(uuid)));
  }

  async #characteristic(service: string, uuid: string) {
    return said((await this.#service(service)).getCharacteristic(longUuid(uuid)));
  }
}

async function said<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new BluetoothTrouble(faultOf(error), { cause: error });
  }
}
