// How one device is: what is the matter, when it was heard, how often it usually is, and the one next step.
import { useId, useState } from "react";
import { Age } from "~/components/ui/age";
import { Battery } from "~/components/ui/battery";
import { Button, LinkButton } from "~/components/ui/button";
import { DevicePicture, Icon } from "~/components/ui/icon";
import { Say } from "~/components/ui/say";
import { StatusBadge } from "~/components/ui/status-badge";
import { useStatusReason } from "~/components/ui/status-reason";
import { useNow } from "~/lib/clock";
import { signalOf } from "~/lib/signal";
import { useText, useWord } from "~/lib/text";
import { missedOf, rhythmOf, type Need, type Row } from "../view";
import styles from "./health.module.css";
import { BatteryHistory } from "./battery-history";

export function HealthRow({ row, need }: { row: Row; need: Need }) {
  const { connection, health, person } = row;
  const t = useText();
  const word = useWord();
  const reason = useStatusReason()(connection);
  const heading = useId();
  const [isOpen, setOpen] = useState(false);
  const { id, name, device_type: type } = connection;
  const signal = signalOf(health?.rssi ?? null);
  const missed = missedOf(row, useNow());
  const rhythm = health?.expected_every_s ? rhythmOf(health.expected_every_s) : null;
  const isWell = need === "well" || need === "new";
  // The server says both; one sentence about one thing is enough.
  const flags = (health?.flags ?? []).filter((flag) => !(flag === "hub_offline" && connection.status_reason === "hub_offline") && flag !== "low_battery");
  return (
    <li>
      <article className={styles.card} aria-labelledby={heading}>
        <DevicePicture type={type} size={44} />
        <div className={styles.who}>
          <h3 id={heading} className={styles.name}>
            {name}
          </h3>
          <p className={styles.muted}>{person ?? word("type", type)}</p>
        </div>
        <div className={styles.status}>
          <StatusBadge status={connection.status} />
        </div>
        {reason || flags.length > 0 ? (
          <div className={styles.wide}>
            {reason ? <p>{reason}</p> : null}
            {flags.map((flag) => (
              <p key={flag}>{t(`health.flag.${flag}`)}</p>
            ))}
          </div>
        ) : null}
        <ul className={styles.facts}>
          <li className={need === "silent" || need === "quiet" ? styles.old : undefined}>
            {connection.last_reading_at ? <Say id="time.last" values={{ age: <Age key="age" at={connection.last_reading_at} /> }} /> : t("time.never")}
          </li>
          {missed > 0 ? <li>{t("health.missed", { count: missed })}</li> : null}
          {rhythm ? <li>{t(`health.${rhythm.unit}`, { count: rhythm.count })}</li> : null}
          {connection.battery_pct === null ? null : (
            <li>
              <Battery percent={connection.battery_pct} />
            </li>
          )}
          {signal ? <li>{t(`health.signal.${signal}`)}</li> : null}
          {health?.firmware ? <li>{t("health.firmware", { version: health.firmware })}</li> : null}
        </ul>
        <div className={styles.actions}>
          {connection.battery_pct === null ? null : (
            <Button look="quiet" aria-expanded={isOpen} aria-label={t("health.historyOf", { name })} onPress={() => setOpen(!isOpen)}>
              <Icon name="chart" />
              {t("health.history")}
            </Button>
          )}
          {isWell ? (
            <LinkButton to="/devices/$id" params={{ id }} aria-label={t("health.seeOf", { name })}>
              {t("health.see")}
            </LinkButton>
          ) : (
            <LinkButton to="/devices/$id/fix" params={{ id }} aria-label={t("health.fixOf", { name })}>
              {t("health.fix")}
            </LinkButton>
          )}
        </div>
        {isOpen ? <BatteryHistory connection={connection} /> : null}
      </article>
    </li>
  );
}
