// The Bluetooth link of this tab: one device at a time, its values on their way to the platform. It outlives the screens,
// so that a person can go from "connect" to "first reading" without losing the device.
import { useMemo, useSyncExternalStore } from "react";
import type { Me } from "~/lib/api-types";
import { IDLE, Link } from "~/lib/bluetooth/link";
import { Outbox } from "~/lib/bluetooth/outbox";
import { Sender } from "~/lib/bluetooth/sender";
import { roomHere } from "~/lib/bluetooth/room-here";
import type { Room } from "~/lib/bluetooth/room";

export interface BluetoothSession {
  room: Room;
  link: Link;
  sender: Sender;
  outbox: Outbox;
  /** Whose values the link's are. Another device's page must not show this link as its own. */
  connectionId: string | null;
}

const LAST_TRY_MS = 2000;

let current: { owner: string; session: BluetoothSession; end: () => void } | null = null;

/** The session of this person; another person's is ended first. */
export function bluetoothOf(me: Me, room: Room = roomHere()): BluetoothSession {
  if (current?.owner === me.user_id) return current.session;
  current?.end();
  const outbox = new Outbox();
  const session: BluetoothSession = { room, outbox, link: new Link(room), sender: new Sender(outbox, me.user_id), connectionId: null };
  const again = () => void session.sender.flush();
  globalThis.addEventListener("online", again);
  again(); // what an earlier visit left here
  const end = () => {
    globalThis.removeEventListener("online", again);
    session.link.end();
    session.sender.stop();
  };
  current = { owner: me.user_id, session, end };
  return session;
}

/** At sign-out: the device is let go, what waits is tried once more, and nothing that was sent is left behind. */
export async function leaveBluetooth(): Promise<void> {
  if (!current) return;
  const { end, session } = current;
  current = null;
  session.link.end();
  await Promise.race([session.sender.flush(), new Promise((late) => setTimeout(late, LAST_TRY_MS))]);
  end();
  await session.outbox.leave();
}

/** From now on what the device says belongs to this connection. `isSame`: it is the same device under its older number. */
export function sendsFor(session: BluetoothSession, connectionId: string, isSame = false): void {
  if (session.connectionId !== connectionId && !isSame) {
    session.link.end();
    session.sender.begin();
  }
  session.connectionId = connectionId;
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

export function useBluetooth(me: Me, connectionId: string) {
  const session = useMemo(() => bluetoothOf(me), [me]);
  const link = useSyncExternalStore(session.link.subscribe, session.link.state);
  const sending = useSyncExternalStore(session.sender.subscribe, session.sender.state);
  const isOurs = session.connectionId === connectionId;
  return { session, link: isOurs ? link : IDLE, sending: isOurs ? sending : { ...sending, saved: 0, refused: 0 } };
}
