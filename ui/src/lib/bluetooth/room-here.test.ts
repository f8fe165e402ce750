import { afterEach, expect, test, vi } from "vitest";
import { isInApp, roomHere } from "./room-here";
import { webRoom } from "./web-room";

const ble = vi.hoisted(() => ({ initialize: vi.fn(() => Promise.resolve()), isEnabled: vi.fn(() => Promise.resolve(false)) }));
vi.mock("@capacitor-community/bluetooth-le", () => ({ BleClient: ble }));

afterEach(() => vi.unstubAllGlobals());

test("a browser's page speaks through the browser", () => {
  expect(roomHere()).toBe(webRoom);
  expect(isInApp({ Capacitor: { isNativePlatform: () => false } })).toBe(false);
});

test("the app speaks through the phone", async () => {
  vi.stubGlobal("Capacitor", { isNativePlatform: () => true });

  expect(roomHere()).not.toBe(webRoom);
  expect(await roomHere().whyNot()).toBe("adapter");
  expect(ble.initialize).toHaveBeenCalledOnce();
});
