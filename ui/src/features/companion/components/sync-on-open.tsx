// Health stores are read while the app is open: when it is opened, and each time it comes back to the front. Shows nothing.
import { App as Phone } from "@capacitor/app";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useEffectEvent } from "react";
import { keys } from "~/lib/keys";
import { readerOf, useMe } from "~/lib/me";
import { dueOf, usePhoneDevices, useSyncs } from "../api/phone";

export default function SyncOnOpen() {
  const me = useMe();
  const client = useQueryClient();
  const syncs = useSyncs(me);
  const { name, devices } = usePhoneDevices(me);
  const here = devices.filter(({ isHere }) => isHere).map(({ connection }) => connection.id);
  const begin = useEffectEvent(() => {
    if (name) for (const connection of dueOf(devices, syncs, Date.now())) void syncs.sync(connection, name);
  });

  const first = here.join(" ");
  useEffect(() => {
    if (first) begin();
  }, [first]);
  useEffect(() => {
    const heard = Phone.addListener("resume", () => {
      begin();
      // What a person agreed to at a maker, in the phone's browser, ends there.
      void client.invalidateQueries({ queryKey: keys.integrations(readerOf(me)) });
    });
    return () => void heard.then((listener) => listener.remove());
  }, [client, me]);
  return null;
}
