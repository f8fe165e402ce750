// The hub searches; every state of that has its own words, and each is heard once by a screen reader.
import { useQuery } from "@tanstack/react-query";
import { Button } from "~/components/ui/button";
import { DevicePicture, Icon } from "~/components/ui/icon";
import { Notice } from "~/components/ui/notice";
import { Waiting } from "~/components/ui/waiting";
import type { Connection, FoundDevice } from "~/lib/api-types";
import { signalOf } from "~/lib/signal";
import { useText } from "~/lib/text";
import { hubsQuery } from "../api/hubs";
import { pairingQuery } from "../api/pairing";
import { byNearness, connectView, type ConnectView } from "../connect-view";
import { useSecond } from "../use-second";
import { Choice } from "./choice";
import styles from "./steps.module.css";

interface HubSearchProps {
  connection: Connection;
  isStarted: boolean;
  isJoining: boolean;
  attempt: number;
  onChoose: (address: string) => void;
  onAgain: () => void;
}

const AGAIN: ReadonlySet<ConnectView> = new Set(["nothing", "hubTrouble", "expired", "failed", "choose"]);

export function HubSearch({ connection, isStarted, isJoining, attempt, onChoose, onAgain }: HubSearchProps) {
  const t = useText();
  const now = useSecond();
  const progress = useQuery(pairingQuery(connection.id, isStarted));
  const hub = useQuery(hubsQuery).data?.find((one) => one.hub_id === connection.hub_id);
  const seen = isJoining ? "joining" : connectView(progress.data, hub ? hub.state === "online" : null, now);
  const found = [...(progress.data?.found ?? [])].sort(byNearness);

  return (
    <>
      <div role="status">
        <SearchState view={seen} connection={connection} count={found.length} attempt={attempt} />
      </div>
      {seen === "choose" ? (
        <ul className={styles.list}>
          {found.map((device) => (
            <li key={device.address}>
              <Found device={device} connection={connection} onChoose={onChoose} />
            </li>
          ))}
        </ul>
      ) : null}
      {AGAIN.has(seen) ? (
        <div className={styles.buttons}>
          <Button look={seen === "choose" ? "quiet" : "primary"} onPress={onAgain}>
            <Icon name="search" />
            {t("pair.connect.again")}
          </Button>
        </div>
      ) : null}
    </>
  );
}

function SearchState({ view, connection, count, attempt }: { view: ConnectView; connection: Connection; count: number; attempt: number }) {
  const t = useText();
  switch (view) {
    case "choose":
      return (
        <div>
          <h2>{t("pair.connect.choose.title")}</h2>
          <p className={styles.muted}>{t("pair.connect.choose.text", { count })}</p>
        </div>
      );
    case "nothing":
      return (
        <Notice tone="info" title={t("pair.connect.nothing.title")}>
          <p>{t("pair.connect.nothing.text")}</p>
        </Notice>
      );
    case "hubSilent":
      return (
        <Notice tone="warn" title={t("pair.connect.hubSilent.title")}>
          <p>{t("pair.connect.hubSilent.text")}</p>
        </Notice>
      );
    case "hubTrouble":
      return (
        <Notice tone="warn" title={t("pair.connect.hubTrouble.title")}>
          <p>{t("pair.connect.hubTrouble.text")}</p>
        </Notice>
      );
    case "expired":
      return (
        <Notice tone="info" title={t("pair.expired.title")}>
          <p>{t("pair.expired.text")}</p>
        </Notice>
      );
    case "failed":
      return (
        <Notice tone="warn" title={t("pair.failed.title")}>
          <p>{t("pair.failed.text")}</p>
          {attempt > 0 ? <p>{t("pair.failed.often")}</p> : null}
        </Notice>
      );
    case "starting":
    case "searching":
    case "joining":
    case "done":
      return (
        <div className={styles.picture}>
          <Waiting>
            <DevicePicture type={connection.device_type} size={72} />
          </Waiting>
          <p>
            <strong>
              {view === "starting" ? t("pair.connect.starting") : null}
              {view === "searching" ? t("pair.connect.searching.title") : null}
              {view === "joining" || view === "done" ? t("pair.connect.joining") : null}
            </strong>
          </p>
          {view === "searching" ? <p className={styles.muted}>{t("pair.connect.searching.text")}</p> : null}
        </div>
      );
  }
}

function Found({ device, connection, onChoose }: { device: FoundDevice; connection: Connection; onChoose: (address: string) => void }) {
  const t = useText();
  const signal = signalOf(device.rssi);
  const name = device.name || t("pair.connect.choose.unnamed");
  // The last letters of the address are printed on many devices and tell two of a kind apart.
  const ending = t("pair.connect.choose.ending", { ending: device.address.slice(-5) });
  return (
    <Choice
      picture={<DevicePicture type={connection.device_type} />}
      title={name}
      text={[signal ? t(`pair.signal.${signal}`) : "", ending].filter(Boolean).join(" · ")}
      mark={t("pair.connect.choose.action")}
      onPress={() => onChoose(device.address)}
    />
  );
}
