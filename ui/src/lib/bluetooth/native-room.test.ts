import { beforeEach, describe, expect, test, vi } from "vitest";
import { nativeFault, nativeRoom } from "./native-room";
import { longUuid } from "./room";

const ble = vi.hoisted(() => ({
  initialize: vi.fn(),
  isEnabled: vi.fn(),
  requestDevice: vi.fn(),
  connect: vi.fn(),
  disconnect: vi.fn(),
  getServices: vi.fn(),
  read: vi.fn(),
  write: vi.fn(),
  startNotifications: vi.fn(),
}));
vi.mock("@capacitor-community/bluetooth-le", () => ({ BleClient: ble }));

beforeEach(() => {
  for (const call of Object.values(ble)) call.mockReset().mockResolvedValue(undefined);
  ble.isEnabled.mockResolvedValue(true);
  ble.requestDevice.mockResolvedValue({ deviceId: "AA:BB", name: "Cuff" });
  ble.getServices.mockResolvedValue([{ uuid: longUuid("1810"), characteristics: [{ uuid: longUuid("2a35") }] }]);
});

const chosen = () => nativeRoom.choose({ services: ["1810"] });

describe("whether Bluetooth can be used", () => {
  test("where it can, and never to learn a place", async () => {
    expect(await nativeRoom.whyNot()).toBeNull();
    expect(ble.initialize).toHaveBeenCalledExactlyOnceWith({ androidNeverForLocation: true });
  });

  test("switched off, and forbidden, are two things", async () => {
    ble.isEnabled.mockResolvedValue(false);
    expect(await nativeRoom.whyNot()).toBe("adapter");
    ble.initialize.mockRejectedValue(new Error("Permission denied."));
    expect(await nativeRoom.whyNot()).toBe("blocked");
  });
});

describe("a device of the phone", () => {
  test("is asked for by what it measures", async () => {
    expect(await chosen()).toMatchObject({ id: "AA:BB", name: "Cuff" });
    expect(ble.requestDevice).toHaveBeenCalledExactlyOnceWith({ services: [longUuid("1810")], optionalServices: ["1810", "180f", "180a", "1805"].map(longUuid) });
  });

  test("says what it has in short words", async () => {
    const cuff = await chosen();
    expect(await cuff.services()).toEqual(["1810"]);
    expect(await cuff.characteristics("1810")).toEqual(["2a35"]);
    await expect(cuff.characteristics("1808")).rejects.toMatchObject({ fault: "otherDevice" });
  });

  test("that stumbles is let go and connected once more", async () => {
    const cuff = await chosen();
    ble.connect.mockRejectedValueOnce(new Error("Connection failed with status 133"));
    await cuff.connect();
    expect(ble.connect).toHaveBeenCalledTimes(2);
    expect(ble.disconnect).toHaveBeenCalledExactlyOnceWith("AA:BB");

    ble.connect.mockRejectedValue(new Error("Connection timeout."));
    await expect(cuff.connect()).rejects.toMatchObject({ fault: "silent" });
  });

  test("that is lost is told, one that we let go is not", async () => {
    const cuff = await chosen();
    const lost = vi.fn();
    cuff.onLost(lost);
    await cuff.connect();
    const broken = ble.connect.mock.calls[0]?.[1] as () => void;
    broken();
    expect(lost).toHaveBeenCalledOnce();
    cuff.disconnect();
    broken();
    expect(lost).toHaveBeenCalledOnce();
  });

  test("gives and takes bytes untouched", async () => {
    const cuff = await chosen();
    const heard = vi.fn();
    await cuff.listen("1810", "2a35", heard);
    expect(ble.startNotifications).toHaveBeenCalledExactlyOnceWith("AA:BB", longUuid("1810"), longUuid("2a35"), heard);
    await cuff.write("1808", "2a52", new Uint8Array([1, 2, 3]).subarray(1));
    const view = ble.write.mock.calls[0]?.[3] as DataView;
    expect([view.byteLength, view.getUint8(0), view.getUint8(1)]).toEqual([2, 2, 3]);
  });
});

test.each([
  ["requestDevice cancelled.", "notChosen"],
  ["Permission denied.", "refused"],
  ["Bluetooth is not enabled.", "noAdapter"],
  ["Characteristic not found.", "otherDevice"],
  ["Not connected to device.", "lost"],
  ["Connection timeout.", "silent"],
  ["Something else", "unknown"],
])("%s is %s", (message, fault) => {
  expect(nativeFault(new Error(message))).toBe(fault);
});
