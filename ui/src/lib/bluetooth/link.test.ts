import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { faultOf, within } from "./faults";
import { CONNECT_MS, Link, type HeardValue } from "./link";
import { answerOf, currentTime, REPORT_ALL } from "./profiles";
import { BluetoothTrouble, hexOf, longUuid, shortUuid, type OnValue, type Peripheral, type Room } from "./room";
import { missingHere } from "./web-room";
import { deviceIdOf, wantedOf } from "./wanted";

const view = (...bytes: number[]) => new DataView(new Uint8Array(bytes).buffer);

/** A device in memory: what it has, and how it takes a connection. */
class Device implements Peripheral {
  readonly id = "a/b=";
  readonly name = "Cuff";
  connects = 0;
  written: [string, string][] = [];
  listeners = new Map<string, OnValue>();
  lost: () => void = () => {};
  has: Record<string, Record<string, DataView | null>> = { "1810": { "2a35": null }, "180f": { "2a19": view(76) } };
  takes: () => Promise<void> = () => Promise.resolve();

  connect() {
    this.connects += 1;
    return this.takes();
  }
  disconnect() {}
  services() {
    return Promise.resolve(Object.keys(this.has));
  }
  characteristics(service: string) {
    return Promise.resolve(Object.keys(this.has[service] ?? {}));
  }
  read(service: string, characteristic: string) {
    const value = this.has[service]?.[characteristic];
    return value ? Promise.resolve(value) : Promise.reject(new BluetoothTrouble("otherDevice"));
  }
  write(service: string, characteristic: string, value: Uint8Array<ArrayBuffer>) {
    if (!(characteristic in (this.has[service] ?? {}))) return Promise.reject(new BluetoothTrouble("otherDevice"));
    this.written.push([characteristic, hexOf(new DataView(value.buffer))]);
    return Promise.resolve();
  }
  listen(_service: string, characteristic: string, onValue: OnValue) {
    this.listeners.set(characteristic, onValue);
    return Promise.resolve();
  }
  onLost(listener: () => void) {
    this.lost = listener;
  }
}

const roomWith = (device: Peripheral | Error): Room => ({
  whyNot: () => Promise.resolve(null),
  choose: () => (device instanceof Error ? Promise.reject(device) : Promise.resolve(device)),
});
const noWait = () => Promise.resolve();
const CUFF = { services: ["1810"] };

describe("one device from the list to its last value", () => {
  test("is chosen, looked at and listened to; bytes pass untouched", async () => {
    const device = new Device();
    const link = new Link(roomWith(device), noWait);
    const heard: HeardValue[] = [];
    link.onValue = (value) => heard.push(value);
    expect(await link.choose(CUFF)).toBe(true);
    expect(link.state()).toMatchObject({ phase: "listening", fault: null, deviceName: "Cuff", batteryPct: 76, records: "none" });
    device.listeners.get("2a35")?.(view(0x04, 0x80, 0x00, 0xff));
    expect(heard).toMatchObject([{ service: "1810", characteristic: "2a35", value: "048000ff", batteryPct: 76 }]);
    expect(link.state().heard).toBe(1);
  });

  test("a device that sleeps is tried once more in silence", async () => {
    const device = new Device();
    device.takes = () => (device.connects === 1 ? Promise.reject(new BluetoothTrouble("silent")) : Promise.resolve());
    const link = new Link(roomWith(device), noWait);
    expect(await link.choose(CUFF)).toBe(true);
    expect(device.connects).toBe(2);
  });

  test("one that never answers is given up after two tries", async () => {
    const device = new Device();
    device.takes = () => Promise.reject(new BluetoothTrouble("silent"));
    const link = new Link(roomWith(device), noWait);
    expect(await link.choose(CUFF)).toBe(false);
    expect(link.state()).toMatchObject({ phase: "over", fault: "silent" });
    expect(device.connects).toBe(2);
  });

  test.each([
    ["has another service", { "180d": { "2a37": null } }],
    ["has the service and nothing in it", { "1810": {} }],
  ])("a device that %s is a different one", async (_, has) => {
    const device = new Device();
    device.has = has;
    const link = new Link(roomWith(device), noWait);
    expect(await link.choose(CUFF)).toBe(false);
    expect(link.state().fault).toBe("otherDevice");
  });

  test("when it leaves it is said, and it can be joined again without the list", async () => {
    const device = new Device();
    const link = new Link(roomWith(device), noWait);
    await link.choose(CUFF);
    device.lost();
    expect(link.state()).toMatchObject({ phase: "over", fault: "lost" });
    expect(await link.join(CUFF)).toBe(true);
    expect(link.state()).toMatchObject({ phase: "listening", fault: null });
  });

  test("stored records are asked for after somebody listens, and their end is heard", async () => {
    const device = new Device();
    device.has = { "1808": { "2a18": null, "2a34": null, "2a52": null } };
    const link = new Link(roomWith(device), noWait);
    await link.choose({ services: ["1808"] });
    expect([...device.listeners.keys()]).toEqual(["2a18", "2a34", "2a52"]);
    expect(device.written).toEqual([["2a52", "0101"]]);
    expect(link.state().records).toBe("fetching");
    device.listeners.get("2a52")?.(view(0x06, 0x00, 0x01, 0x01));
    expect(link.state().records).toBe("done");
  });

  test("what a measurement cannot be understood without goes first", async () => {
    const device = new Device();
    device.has = { "181f": { "2aa7": null, "2aaa": view(1, 2, 3) } };
    const link = new Link(roomWith(device), noWait);
    const heard: string[] = [];
    link.onValue = (value) => heard.push(value.characteristic);
    await link.choose({ services: ["181f"] });
    device.listeners.get("2aa7")?.(view(6, 0));
    expect(heard).toEqual(["2aaa", "2aa7"]);
  });

  test("choosing nothing changes nothing", async () => {
    const link = new Link(roomWith(new BluetoothTrouble("notChosen")), noWait);
    expect(await link.choose(CUFF)).toBe(false);
    expect(link.state()).toMatchObject({ phase: "over", fault: "notChosen", deviceId: null });
  });
});

describe("limits", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("a device that hangs is let go after ten seconds", async () => {
    const calledOff = vi.fn<() => void>();
    const ended = within(CONNECT_MS, new Promise<void>(() => {}), calledOff).catch((error: unknown) => faultOf(error));
    await vi.advanceTimersByTimeAsync(CONNECT_MS - 1);
    expect(calledOff).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(await ended).toBe("silent");
    expect(calledOff).toHaveBeenCalledOnce();
  });
});

test.each([
  ["NotFoundError", "Bluetooth adapter not available.", "noAdapter"],
  ["NotFoundError", "User cancelled the requestDevice() chooser.", "notChosen"],
  ["NotFoundError", "No Characteristics matching UUID 00002a35 found in Service.", "otherDevice"],
  ["NetworkError", "Connection Error: Connection attempt failed.", "silent"],
  ["NetworkError", "Unknown error when connecting to the device.", "silent"],
  ["NetworkError", "GATT Server is disconnected. Cannot retrieve services. (Re)connect first with `device.gatt.connect`.", "lost"],
  ["SecurityError", "Must be handling a user gesture to show a permission request.", "refused"],
  ["TypeError", "x", "unknown"],
])("%s: %s", (name, message, fault) => {
  expect(faultOf(Object.assign(new Error(message), { name }))).toBe(fault);
});

test.each([
  [{ bluetooth: undefined, userAgent: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0)", isSecure: true }, 5, "ios"],
  [{ bluetooth: undefined, userAgent: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Safari", isSecure: true }, 5, "ios"],
  [{ bluetooth: undefined, userAgent: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Safari", isSecure: true }, 0, "browser"],
  [{ bluetooth: undefined, userAgent: "Mozilla/5.0 (X11) Firefox/140", isSecure: true }, 0, "browser"],
  [{ bluetooth: undefined, userAgent: "Mozilla/5.0 (X11) Chrome/156", isSecure: false }, 0, "insecure"],
  [{ bluetooth: {} as Bluetooth, userAgent: "Chrome", isSecure: true }, 0, null],
])("why there is no Bluetooth: %j", (around, touchPoints, why) => {
  expect(missingHere(around, touchPoints)).toBe(why);
});

describe("small facts", () => {
  test("UUIDs both ways", () => {
    expect(longUuid("2A35")).toBe("00002a35-0000-1000-8000-00805f9b34fb");
    expect(shortUuid("00002A35-0000-1000-8000-00805F9B34FB")).toBe("2a35");
    expect(shortUuid("14839ac4-7d7e-415c-9a42-167340cf2339")).toBe("14839ac4-7d7e-415c-9a42-167340cf2339");
  });

  test("the time as a device takes it", () => {
    // Sunday 29 November 2026, 08:05:03.500: day 7 of the week, 128 of 256.
    expect([...currentTime(new Date(2026, 10, 29, 8, 5, 3, 500))]).toEqual([0xea, 0x07, 11, 29, 8, 5, 3, 7, 128, 1]);
  });

  test("answers of the control point", () => {
    expect([...REPORT_ALL]).toEqual([1, 1]);
    expect(answerOf(view(6, 0, 1, 1))).toBe("done");
    expect(answerOf(view(6, 0, 1, 6))).toBe("done");
    expect(answerOf(view(6, 0, 1, 2))).toBe("refused");
    expect(answerOf(view(5, 0, 3, 0))).toBeNull();
  });

  test("what pairing said is what the list shows", () => {
    expect(wantedOf({ filters: [{ services: ["00001810-0000-1000-8000-00805f9b34fb"] }, { namePrefix: "BM" }, { services: ["00001810-0000-1000-8000-00805f9b34fb"] }] })).toEqual({
      services: ["1810"],
      namePrefixes: ["BM"],
    });
    expect(deviceIdOf("a/b+c=")).toBe("web-a_b_c_");
  });
});
