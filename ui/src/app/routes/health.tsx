// How all devices are, those that need somebody first. Status, age and battery are those of Device Center: the same query.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Button, LinkButton } from "~/components/ui/button";
import { Field } from "~/components/ui/field";
import { LiveMark } from "~/components/ui/live-mark";
import { Notice } from "~/components/ui/notice";
import { Page } from "~/components/ui/page";
import { Loading, Skeleton } from "~/components/ui/skeleton";
import { ListError } from "~/features/devices/components/device-list";
import { healthsQuery } from "~/features/health/api/health";
import { HealthRow } from "~/features/health/components/health-row";
import styles from "~/features/health/components/health.module.css";
import { groupsOf, matches, type Row } from "~/features/health/view";
import { useNow } from "~/lib/clock";
import { connectionsQuery } from "~/lib/connections";
import { useLivePatients } from "~/lib/live";
import { useMe } from "~/lib/me";
import { enHealth } from "~/lib/messages/en-health";
import { receivedQuery, sharersOf } from "~/lib/received";
import { addMessages, useText } from "~/lib/text";

addMessages(enHealth, "health");

/** A list that is longer than a screen has a search. */
const LONG = 8;
/** Groups longer than this leave out of the layout what is off screen. */
const MANY = 50;

export function HealthPage() {
  const t = useText();
  const me = useMe();
  const isOwner = me.patient_id !== null;
  const now = useNow();
  const devices = useQuery(connectionsQuery(me));
  const healths = useQuery(healthsQuery(me));
  const received = useQuery({ ...receivedQuery(me), enabled: !isOwner });
  const sharers = sharersOf(received.data ?? [], now);
  useLivePatients(me.patient_id ? [me.patient_id] : sharers.map((one) => one.id));
  const error = devices.error ?? received.error;
  // Nothing of a person is shown before it is known whose it is.
  const isThere = devices.data && (isOwner || received.data);
  const byId = new Map(healths.data?.map((one) => [one.device_connection_id, one]));
  const rows = (devices.data ?? []).map((connection): Row => {
    const person = isOwner ? null : (sharers.find((one) => one.id === connection.patient_id)?.name ?? null);
    return { connection, health: byId.get(connection.id), person };
  });
  const retry = () => void Promise.all([devices.refetch(), healths.refetch(), isOwner ? null : received.refetch()]);

  return (
    <Page title={t(isOwner ? "health.title" : "health.titleOther")} beside={<LiveMark />}>
      {isThere && healths.isError ? (
        <Notice tone="warn" role="alert" actions={<Button onPress={retry} isDisabled={healths.isFetching}>{t("app.retry")}</Button>}>
          <p>{t("health.untold")}</p>
        </Notice>
      ) : null}
      {isThere && rows.length > 0 && !healths.isPending ? <Groups rows={rows} now={now} isTold={healths.data !== undefined} /> : null}
      {isThere && rows.length === 0 ? <Empty isOwner={isOwner} /> : null}
      {!isThere && error ? <ListError error={error} onRetry={retry} isRetrying={devices.isFetching || received.isFetching} /> : null}
      {(!isThere && !error) || (isThere && rows.length > 0 && healths.isPending) ? (
        <Loading>
          <Skeleton height={190} />
          <Skeleton height={190} />
        </Loading>
      ) : null}
    </Page>
  );
}

/** `isTold`: how they are is known; otherwise nobody can say that none needs a look. */
function Groups({ rows, now, isTold }: { rows: readonly Row[]; now: number; isTold: boolean }) {
  const t = useText();
  const [words, setWords] = useState("");
  const groups = groupsOf(rows.filter((row) => matches(row, words.trim())), now);
  const need = groupsOf(rows, now).reduce((sum, group) => (group.need === "well" || group.need === "new" ? sum : sum + group.rows.length), 0);
  return (
    <>
      <div>
        {need > 0 ? <p>{t("health.summary.need", { need, count: rows.length })}</p> : null}
        {need === 0 && isTold ? <p>{t("health.summary.ok", { count: rows.length })}</p> : null}
        <p role="status">{groups.length === 0 ? t("health.find.none") : null}</p>
      </div>
      {rows.length > LONG ? <Field label={t("health.find")} value={words} onChange={setWords} type="search" /> : null}
      {groups.map((group) => (
        <section key={group.need} className={styles.group} aria-labelledby={group.need}>
          <h2 id={group.need}>{t(`health.need.${group.need}`)}</h2>
          <ul className={group.rows.length > MANY ? `${styles.list} ${styles.many}` : styles.list}>
            {group.rows.map((row) => (
              <HealthRow key={row.connection.id} row={row} need={group.need} />
            ))}
          </ul>
        </section>
      ))}
    </>
  );
}

function Empty({ isOwner }: { isOwner: boolean }) {
  const t = useText();
  return (
    <Notice
      title={t(isOwner ? "health.empty" : "health.emptyOther")}
      icon={isOwner ? "devices" : "lock"}
      actions={
        isOwner ? (
          <LinkButton look="primary" to="/pair/$step" params={{ step: "type" }}>
            {t("health.empty.action")}
          </LinkButton>
        ) : null
      }
    >
      <p>{t(isOwner ? "health.empty.text" : "health.emptyOther.text")}</p>
    </Notice>
  );
}
