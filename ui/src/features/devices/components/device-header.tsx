// Who this device is and how it does: picture, type, status, battery, last reading; the reason when it does not send.
import { Age } from "~/components/ui/age";
import { Battery } from "~/components/ui/battery";
import { DevicePicture } from "~/components/ui/icon";
import { Notice } from "~/components/ui/notice";
import { Say } from "~/components/ui/say";
import { StatusBadge } from "~/components/ui/status-badge";
import { useStatusReason } from "~/components/ui/status-reason";
import type { Connection } from "~/lib/api-types";
import { useText, useWord } from "~/lib/text";
import styles from "./device-header.module.css";

export function DeviceHeader({ connection, actions }: { connection: Connection; actions?: React.ReactNode }) {
  const t = useText();
  const word = useWord();
  const reason = useStatusReason()(connection);
  const { status } = connection;
  const isStale = status === "disconnected" || status === "failed";
  return (
    <div className={styles.header}>
      <div className={styles.facts}>
        <DevicePicture type={connection.device_type} />
        <span>{word("type", connection.device_type)}</span>
        <StatusBadge status={status} />
        <Battery percent={connection.battery_pct} />
        <span className={isStale ? styles.old : undefined}>
          {connection.last_reading_at ? (
            <Say id="time.last" values={{ age: <Age key="age" at={connection.last_reading_at} /> }} />
          ) : (
            t("time.never")
          )}
        </span>
      </div>
      {status === "revoked" ? (
        <Notice>
          <p>{t("dash.revoked")}</p>
        </Notice>
      ) : null}
      {reason ? (
        <Notice tone={status === "pairing" ? "info" : "warn"} actions={actions}>
          <p>{reason}</p>
        </Notice>
      ) : null}
      {status === "connected" && !connection.consent ? (
        <Notice tone="warn">
          <p>{t("dash.noConsent")}</p>
        </Notice>
      ) : null}
    </div>
  );
}
