// One device from the list to its last value: connects, looks at it, listens, asks for what it has stored. Values go to the
// sender untouched. What a screen shows of it is `LinkState`; it never holds a value.
import { faultOf, within } from "./faults";
import { answerOf, BATTERY, currentTime, FIRMWARE, PROFILES, REPORT_ALL, TIME, type Profile } from "./profiles";
import { BluetoothTrouble, hexOf, type BluetoothFault, type Peripheral, type Room, type Wanted } from "./room";

export const CONNECT_MS = 10_000;
export const CHECK_MS = 5_000;
export const AGAIN_MS = 1_000;

export type LinkPhase = "idle" | "choosing" | "connecting" | "checking" | "listening" | "over";

export interface LinkState {
  phase: LinkPhase;
  fault: BluetoothFault | null;
  deviceId: string | null;
  deviceName: string;
  firmware: string | null;
  batteryPct: number | null;
  /** Values heard since it was chosen. */
  heard: number;
  /** Its stored records: being fetched, all here, or it would not give them. */
  records: "none" | "fetching" | "done" | "refused";
}

export const IDLE: LinkState = {
  phase: "idle", fault: null, deviceId: null, deviceName: "", firmware: null, batteryPct: null, heard: 0, records: "none",
};

export interface HeardValue {
  service: string;
  characteristic: string;
  value: string;
  receivedAt: string;
  batteryPct: number | null;
}

export class Link {
  #state = IDLE;
  #peripheral: Peripheral | null = null;
  readonly #listeners = new Set<() => void>();
  readonly #room: Room;
  readonly #wait: (ms: number) => Promise<void>;
  onValue: (value: HeardValue) => void = () => {};

  constructor(room: Room, wait = (ms: number) => new Promise<void>((done) => setTimeout(done, ms))) {
    this.#room = room;
    this.#wait = wait;
  }

  readonly state = (): LinkState => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  #set(change: Partial<LinkState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener();
  }

  /** From a press of a button: the list, then the device. Resolves when it is looked at; the reason of a failure is in the
   * state and not thrown. */
  async choose(wanted: Wanted): Promise<boolean> {
    this.end();
    this.#set({ ...IDLE, phase: "choosing" });
    try {
      const peripheral = await this.#room.choose(wanted);
      this.#peripheral = peripheral;
      this.#set({ deviceId: peripheral.id, deviceName: peripheral.name });
      peripheral.onLost(() => {
        if (this.#peripheral === peripheral && this.#state.phase === "listening") this.#set({ phase: "over", fault: "lost" });
      });
    } catch (error) {
      this.#set({ phase: "over", fault: faultOf(error) });
      return false;
    }
    return this.join(wanted);
  }

  /** Connects the chosen device, again after its link was lost: the list is not needed for that. */
  async join(wanted: Wanted): Promise<boolean> {
    const peripheral = this.#peripheral;
    if (!peripheral) return false;
    try {
      this.#set({ phase: "connecting", fault: null });
      await this.#connect(peripheral);
      this.#set({ phase: "checking" });
      const profiles = await this.#profilesOf(peripheral, wanted);
      await this.#look(peripheral);
      this.#set({ phase: "listening" });
      await this.#listen(peripheral, profiles);
      return true;
    } catch (error) {
      peripheral.disconnect();
      this.#set({ phase: "over", fault: faultOf(error) });
      return false;
    }
  }

  /** Ten seconds, and one more try that nobody needs to hear of: a device is often just waking up. */
  async #connect(peripheral: Peripheral): Promise<void> {
    try {
      await within(CONNECT_MS, peripheral.connect(), () => peripheral.disconnect());
    } catch (error) {
      if (faultOf(error) !== "silent") throw error;
      await this.#wait(AGAIN_MS);
      await within(CONNECT_MS, peripheral.connect(), () => peripheral.disconnect());
    }
  }

  async #profilesOf(peripheral: Peripheral, wanted: Wanted): Promise<Profile[]> {
    const has = new Set(await within(CHECK_MS, peripheral.services()));
    const profiles = PROFILES.filter((one) => has.has(one.service) && wanted.services.includes(one.service));
    if (profiles.length === 0) throw new BluetoothTrouble("otherDevice");
    return profiles;
  }

  /** Battery, firmware, and its clock set to ours: each useful, none needed. */
  async #look(peripheral: Peripheral): Promise<void> {
    const battery = await optional(peripheral.read(BATTERY.service, BATTERY.characteristic));
    const firmware = await optional(peripheral.read(FIRMWARE.service, FIRMWARE.characteristic));
    await optional(peripheral.write(TIME.service, TIME.characteristic, currentTime(new Date())));
    const percent = battery && battery.byteLength > 0 ? battery.getUint8(0) : null;
    this.#set({
      batteryPct: percent !== null && percent <= 100 ? percent : null,
      firmware: firmware ? new TextDecoder().decode(firmware).replaceAll("\0", "").trim().slice(0, 64) || null : null,
    });
  }

  async #listen(peripheral: Peripheral, profiles: readonly Profile[]): Promise<void> {
    let heard = 0;
    for (const { service, measurements, facts = [], control } of profiles) {
      const has = new Set(await within(CHECK_MS, peripheral.characteristics(service)));
      for (const one of facts.filter((fact) => has.has(fact))) {
        const fact = await optional(peripheral.read(service, one));
        if (fact) this.#heard(service, one, fact);
      }
      for (const one of measurements.filter((measurement) => has.has(measurement))) {
        await within(CHECK_MS, peripheral.listen(service, one, (value) => this.#heard(service, one, value)));
        heard += 1;
      }
      if (control && has.has(control)) await this.#fetch(peripheral, service, control);
    }
    if (heard === 0) throw new BluetoothTrouble("otherDevice");
  }

  /** Everything that it keeps: what the platform has already is found there, and counted once. */
  async #fetch(peripheral: Peripheral, service: string, control: string): Promise<void> {
    this.#set({ records: "fetching" });
    await within(
      CHECK_MS,
      peripheral.listen(service, control, (value) => {
        const answer = answerOf(value);
        if (answer) this.#set({ records: answer });
      }),
    );
    await within(CHECK_MS, peripheral.write(service, control, REPORT_ALL));
  }

  #heard(service: string, characteristic: string, value: DataView): void {
    this.#set({ heard: this.#state.heard + 1 });
    this.onValue({ service, characteristic, value: hexOf(value), receivedAt: new Date().toISOString(), batteryPct: this.#state.batteryPct });
  }

  end(): void {
    const peripheral = this.#peripheral;
    this.#peripheral = null;
    peripheral?.disconnect();
    if (this.#state.phase !== "idle") this.#set(IDLE);
  }
}

async function optional<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await within(CHECK_MS, work);
  } catch (error) {
    // A device without it goes on; one that has left does not.
    if (faultOf(error) === "lost") throw error;
    return null;
  }
}
