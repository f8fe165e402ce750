// One device at a glance: what it is, whether it works, when it last sent, and one thing to do.
import { useId } from "react";
import { Age } from "~/components/ui/age";
import { Battery } from "~/components/ui/battery";
import { LinkButton } from "~/components/ui/button";
import { DevicePicture } from "~/components/ui/icon";
import { Say } from "~/components/ui/say";
import { StatusBadge } from "~/components/ui/status-badge";
import { pairingStep, useStatusReason } from "~/components/ui/status-reason";
import type { Connection } from "~/lib/api-types";
import { useText, useWord } from "~/lib/text";
import styles from "./device-card.module.css";

export function DeviceCard({ connection, mayPair }: { connection: Connection; mayPair: boolean }) {
  const t = useText();
  const word = useWord();
  const reason = useStatusReason()(connection);
  const heading = useId();
  const { name, status } = connection;
  const isStale = status === "disconnected" || status === "failed";

  return (
    <li>
      <article className={styles.card} aria-labelledby={heading}>
        <DevicePicture type={connection.device_type} size={52} />
        <div className={styles.who}>
          <h2 id={heading} className={styles.name}>
            {name}
          </h2>
          <p className={styles.type}>{word("type", connection.device_type)}</p>
        </div>
        <div className={styles.status}>
          <StatusBadge status={status} />
        </div>
        {reason ? <p className={styles.reason}>{reason}</p> : null}
        {connection.consent ? (
          <ul className={styles.kinds} aria-label={t("devices.kinds")}>
            {connection.consent.data_kinds.map((kind) => (
              <li key={kind}>{word("kind", kind)}</li>
            ))}
          </ul>
        ) : null}
        <div className={styles.foot}>
          <div className={styles.facts}>
            <span className={isStale ? styles.old : undefined}>
              {connection.last_reading_at ? (
                <Say id="time.last" values={{ age: <Age key="age" at={connection.last_reading_at} /> }} />
              ) : (
                t("time.never")
              )}
            </span>
            <Battery percent={connection.battery_pct} />
          </div>
          <CardAction connection={connection} mayPair={mayPair} />
        </div>
      </article>
    </li>
  );
}

function CardAction({ connection, mayPair }: { connection: Connection; mayPair: boolean }) {
  const t = useText();
  const { id, name, status } = connection;
  const step = pairingStep(connection);
  if (mayPair && step) {
    const isNew = step === "consent";
    return (
      <LinkButton
        to="/pair/$step"
        params={{ step }}
        search={{ connection: id }}
        aria-label={t(isNew ? "devices.continueOf" : "devices.againOf", { name })}
      >
        {t(isNew ? "devices.continue" : "devices.again")}
      </LinkButton>
    );
  }
  if (mayPair && status === "disconnected") {
    return (
      <LinkButton to="/devices/$id/fix" params={{ id }} aria-label={t("devices.fixOf", { name })}>
        {t("devices.fix")}
      </LinkButton>
    );
  }
  return (
    <LinkButton to="/devices/$id" params={{ id }} aria-label={t("devices.seeOf", { name })}>
      {t("devices.see")}
    </LinkButton>
  );
}
