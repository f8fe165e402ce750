// Take the first reading: it appears here by itself, and the person says whether it is theirs.
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useIntl } from "react-intl";
import { Button } from "~/components/ui/button";
import { Moment } from "~/components/ui/age";
import { DevicePicture } from "~/components/ui/icon";
import { Notice } from "~/components/ui/notice";
import { SimulateButton } from "~/components/ui/simulate-button";
import { Waiting as Rings } from "~/components/ui/waiting";
import { SyncPanel } from "~/components/bluetooth/sync-panel";
import type { Connection, Me, ReadingItem } from "~/lib/api-types";
import { KIND_VIEWS } from "~/lib/kind-views";
import { KINDS, PRIMARY_KIND } from "~/lib/kinds";
import { shown, type Shown } from "~/lib/metrics";
import { newestQuery } from "~/lib/readings";
import { isText, useText } from "~/lib/text";
import { unitsOf } from "~/lib/units";
import { StepFrame, type StepProps } from "./step-frame";
import styles from "./steps.module.css";

const PATIENCE_MS = 120_000;
/** Hub and server clocks may differ a little from this browser's. */
const CLOCK_SLACK_S = 120;

export function FirstStep({ wizard, onEvent, me, connection }: StepProps & { me: Me; connection: Connection }) {
  const t = useText();
  const newest = useQuery(newestQuery(connection.patient_id, connection.id));
  const [refused, setRefused] = useState<string | null>(null);
  const isLate = useLater(PATIENCE_MS);
  const since = ((wizard.since ?? 0) - CLOCK_SLACK_S) * 1000;
  const reading = newest.data?.find((item) => Date.parse(item.received_at) >= since);
  const isNew = reading !== undefined && reading.id !== refused;

  if (connection.status === "failed") {
    return (
      <StepFrame
        wizard={wizard}
        onEvent={onEvent}
        title={t("pair.first.title")}
        actions={
          <Button look="primary" onPress={() => onEvent({ type: "notAnswering" })}>
            {t("pair.connect.again")}
          </Button>
        }
      >
        <Notice tone="warn" role="alert" title={t("pair.failed.title")}>
          <p>{t("pair.failed.text")}</p>
        </Notice>
      </StepFrame>
    );
  }

  return (
    <StepFrame
      wizard={wizard}
      onEvent={onEvent}
      title={t(isNew ? "pair.first.got.title" : "pair.first.title")}
      actions={
        isNew ? (
          <>
            <Button look="primary" onPress={() => onEvent({ type: "readingCame" })}>
              {t("pair.first.yes")}
            </Button>
            <Button onPress={() => setRefused(reading.id)}>{t("pair.first.no")}</Button>
          </>
        ) : (
          <Button look={isLate ? "primary" : "secondary"} onPress={() => onEvent({ type: "readingSkipped" })}>
            {t("pair.first.skip")}
          </Button>
        )
      }
    >
      {isNew ? <Arrived item={reading} connection={connection} me={me} /> : <Waiting connection={connection} isLate={isLate} />}
      {connection.pairing_method === "web_bluetooth" && !isNew ? <SyncPanel connection={connection} me={me} action="bluetooth.search" /> : null}
      {refused && !isNew ? <Notice tone="info">{t("pair.first.notYou")}</Notice> : null}
      {!isNew && me.env === "development" ? <SimulateButton connectionId={connection.id} /> : null}
    </StepFrame>
  );
}

function useLater(ms: number): boolean {
  const [isLate, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), ms);
    return () => clearTimeout(timer);
  }, [ms]);
  return isLate;
}

function Waiting({ connection, isLate }: { connection: Connection; isLate: boolean }) {
  const t = useText();
  const own = `pair.first.${connection.device_type}`;
  return (
    <>
      <div className={styles.picture}>
        <Rings>
          <DevicePicture type={connection.device_type} size={72} />
        </Rings>
      </div>
      <p>{t(isText(own) ? own : "pair.first.other")}</p>
      <div role="status">
        {isLate ? (
          <Notice tone="info" title={t("pair.first.still.title")}>
            <p>{t("pair.first.still.text")}</p>
          </Notice>
        ) : (
          <p className={styles.muted}>{t("pair.first.wait")}</p>
        )}
      </div>
    </>
  );
}

function Arrived({ item, connection, me }: { item: ReadingItem; connection: Connection; me: Me }) {
  const t = useText();
  const value = useMainValue(item, connection, me);
  return (
    <div className={styles.picture} role="status">
      <DevicePicture type={connection.device_type} size={72} />
      {value ? (
        <p className={`${styles.value} number`}>
          <bdi>
            {value.number} <span className={styles.unit}>{value.unit}</span>
          </bdi>
        </p>
      ) : null}
      <p className={styles.muted}>
        <Moment at={item.timestamp} /> · {connection.name}
      </p>
      <p>
        <strong>{t("pair.first.mine")}</strong>
      </p>
    </div>
  );
}

/** What the device was bought for comes first; any other kind it sent is shown when that is missing. */
function useMainValue(item: ReadingItem, connection: Connection, me: Me): Shown | null {
  const intl = useIntl();
  const kinds = [PRIMARY_KIND[connection.device_type], ...KINDS];
  const names = kinds.flatMap((kind) => KIND_VIEWS[kind].main);
  const units = unitsOf(me.units);
  return names.map((name) => shown(intl, units, name, item.readings)).find((one) => one !== null) ?? null;
}
