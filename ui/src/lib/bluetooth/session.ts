// The Bluetooth link of this tab: one device at a time, its values on their way to the platform. It outlives the screens,
// so that a person can go from "connect" to "first reading" without losing the device.
import { useMemo, useSyncExternalStore } from "react";
import type { Me } from "~/lib/api-types";
import { Link } from "~/lib/bluetooth/link";
import { Outbox } from "~/lib/bluetooth/outbox";
import { Sender } from "~/lib/bluetooth/sender";
import { webRoom } from "~/lib/bluetooth/web-room";
import type { Room } from "~/lib/bluetooth/room";

export interface BluetoothSession {
  room: Room;
  link: Link;
  sender: Sender;
  outbox: Outbox;
}

let current: { owner: string; session: BluetoothSession } | null = null;

/** The session of this person; another person's is ended first. */
export function bluetoothOf(me: Me, room: Room = webRoom): BluetoothSession {
  if (current?.owner === me.user_id) return current.session;
  current?.session.link.end();
  current?.session.sender.stop();
  const outbox = new Outbox();
  const session = { room, outbox, link: new Link(room), sender: new Sender(outbox, me.user_id) };
  const again = () => void session.sender.flush();
  globalThis.addEventListener("online", again);
  again(); // what an earlier visit left here
  current = { owner: me.user_id, session };
  return session;
}

/** At sign-out: the device is let go, and nothing of it stays in this browser. */
export async function forgetBluetooth(): Promise<void> {
  current?.session.link.end();
  current?.session.sender.stop();
  await current?.session.outbox.forget();
  current = null;
}

/** From now on what the device says belongs to this connection. */
export function sendsFor(session: BluetoothSession, connectionId: string): void {
  session.link.onValue = (heard) =>
    void session.sender.add({
      device_connection_id: connectionId,
      service: heard.service,
      characteristic: heard.characteristic,
      value: heard.value,
      received_at: heard.receivedAt,
      event_id: crypto.randomUUID(),
      ...(heard.batteryPct === null ? {} : { battery_pct: heard.batteryPct }),
    });
}

export function useBluetooth(me: Me) {
  const session = useMemo(() => bluetoothOf(me), [me]);
  const link = useSyncExternalStore(session.link.subscribe, session.link.state);
  const sending = useSyncExternalStore(session.sender.subscribe, session.sender.state);
  return { session, link, sending };
}
