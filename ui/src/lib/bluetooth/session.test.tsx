import "fake-indexeddb/auto";
import { act, renderHook } from "@testing-library/react";
import { expect, test } from "vitest";
import { me } from "~/testing/fixtures";
import { BluetoothTrouble, type Room } from "./room";
import { bluetoothOf, leaveBluetooth, sendsFor, useBluetooth } from "./session";

const room: Room = {
  whyNot: () => Promise.resolve(null),
  choose: () => Promise.reject(new BluetoothTrouble("notChosen")),
};

test("a link is shown on the page of the device whose values it brings, and on no other", async () => {
  const session = bluetoothOf(me(), room);
  const kitchen = renderHook(() => useBluetooth(me(), "kitchen"));
  const hall = renderHook(() => useBluetooth(me(), "hall"));
  await act(async () => {
    sendsFor(session, "kitchen");
    await session.link.choose({ services: ["1810"] });
  });
  expect(kitchen.result.current.link).toMatchObject({ phase: "over", fault: "notChosen" });
  expect(hall.result.current.link).toMatchObject({ phase: "idle", fault: null });

  await act(async () => {
    sendsFor(session, "hall");
    await session.link.choose({ services: ["1810"] });
  });
  expect(kitchen.result.current.link.phase).toBe("idle");
  expect(hall.result.current.link.fault).toBe("notChosen");
  await leaveBluetooth();
});
