// What the link to a device is doing, in words; each state is heard once by a screen reader. Shows no value.
import { useEffect, useState } from "react";
import { DevicePicture } from "~/components/ui/icon";
import { Notice, SupportDetails } from "~/components/ui/notice";
import { Waiting } from "~/components/ui/waiting";
import type { Connection, DeviceType } from "~/lib/api-types";
import type { LinkState } from "~/lib/bluetooth/link";
import type { SendState } from "~/lib/bluetooth/sender";
import { useText, useWord } from "~/lib/text";
import styles from "./link-panel.module.css";

const LATE_MS = 8000;
/** From so many silent tries on, more is said about what may be wrong. */
const OFTEN = 2;

interface LinkPanelProps {
  connection: Connection;
  link: LinkState;
  sending: SendState;
  /** How often it did not answer in a row. */
  silent: number;
  /** Beside a picture that is there already: a line instead of another. */
  isSmall?: boolean;
}

export function LinkPanel({ connection, link, sending, silent, isSmall = false }: LinkPanelProps) {
  const t = useText();
  const type = isSmall ? null : connection.device_type;
  const word = useWord();
  const name = link.deviceName || t("bluetooth.unnamed");
  const device = word("type", connection.device_type);
  return (
    <div className={styles.panel}>
      <div role="status">
        {link.phase === "idle" ? (
          <Picture type={type} title={t("bluetooth.before.title")} text={t("bluetooth.before.text", { device: device.toLocaleLowerCase() })} />
        ) : null}
        {link.phase === "choosing" ? <Choosing type={type} /> : null}
        {link.phase === "connecting" ? (
          <Picture type={type} title={t("bluetooth.connecting", { name })} text={t("bluetooth.connecting.text")} isBusy />
        ) : null}
        {link.phase === "checking" ? <Picture type={type} title={t("bluetooth.checking", { name })} isBusy /> : null}
        {link.phase === "listening" ? (
          <Picture type={type} title={t("bluetooth.listening", { name })} text={t("bluetooth.listening.text")} isBusy />
        ) : null}
      </div>
      {link.fault ? (
        <Notice
          tone={link.fault === "notChosen" || link.fault === "lost" ? "info" : "warn"}
          role={link.fault === "lost" ? "status" : "alert"}
          title={t(`bluetooth.fault.${link.fault}.title`)}
        >
          <p>{t(`bluetooth.fault.${link.fault}.text`, { device: connection.name })}</p>
          {link.fault === "silent" && silent >= OFTEN ? <p>{t("bluetooth.fault.silent.often")}</p> : null}
          {link.fault === "notChosen" || link.fault === "lost" ? null : <SupportDetails code={`BLUETOOTH-${link.fault.toUpperCase()}`} />}
        </Notice>
      ) : null}
      <div role="status" className={styles.said}>
        {link.records === "fetching" ? <p>{t("bluetooth.records.fetching", { count: link.heard })}</p> : null}
        {link.records === "done" ? <p>{t("bluetooth.records.done")}</p> : null}
        {link.records === "refused" ? <p>{t("bluetooth.records.refused")}</p> : null}
        {sending.saved > 0 ? <p>{t("bluetooth.saved", { count: sending.saved })}</p> : null}
        {sending.refused > 0 ? <p>{t("bluetooth.refused", { count: sending.refused })}</p> : null}
      </div>
      {sending.isFull ? (
        <Notice tone="warn" role="alert" title={t("bluetooth.full")}>
          <p>{t("bluetooth.full.text")}</p>
        </Notice>
      ) : null}
      {sending.isAway && sending.waiting > 0 ? (
        <Notice tone="info" icon="offline" role="status" title={t("bluetooth.away", { count: sending.waiting })}>
          <p>{t("bluetooth.away.text")}</p>
        </Notice>
      ) : null}
    </div>
  );
}

function Choosing({ type }: { type: DeviceType | null }) {
  const t = useText();
  const [isLate, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), LATE_MS);
    return () => clearTimeout(timer);
  }, []);
  return <Picture type={type} title={t("bluetooth.choosing")} text={isLate ? t("bluetooth.choosing.late") : undefined} isBusy />;
}

/** `type`: whose picture, none where there is one already. */
function Picture({ type, title, text, isBusy = false }: { type: DeviceType | null; title: string; text?: string; isBusy?: boolean }) {
  return (
    <div className={type ? styles.picture : styles.line}>
      {type && isBusy ? (
        <Waiting>
          <DevicePicture type={type} size={72} />
        </Waiting>
      ) : null}
      {type && !isBusy ? <DevicePicture type={type} size={112} /> : null}
      <p>
        <strong>{title}</strong>
      </p>
      {text ? <p className={styles.muted}>{text}</p> : null}
    </div>
  );
}
