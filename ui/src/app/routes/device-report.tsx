// The report of a device's page: what is on the screen, for paper. It prints in the colours of paper, whatever the theme.
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import back from "~/components/ui/back.module.css";
import { Button } from "~/components/ui/button";
import { Icon } from "~/components/ui/icon";
import { Notice, SupportDetails, useProblemText } from "~/components/ui/notice";
import { Page } from "~/components/ui/page";
import { Loading, Skeleton } from "~/components/ui/skeleton";
import { Report } from "~/features/readings/components/report";
import type { Connection, Kind } from "~/lib/api-types";
import { useNow } from "~/lib/clock";
import type { RangeId } from "~/lib/keys";
import { useMe, useUnits, useZone } from "~/lib/me";
import { latestQuery, seriesQuery } from "~/lib/readings";
import { receivedQuery, sharersOf } from "~/lib/received";
import { useText } from "~/lib/text";
import type { DeviceSearch } from "../router";
import styles from "./device-report.module.css";

interface DeviceReportProps {
  connection: Connection;
  kind: Kind;
  metric: string;
  range: RangeId;
}

export function DeviceReport({ connection, kind, metric, range }: DeviceReportProps) {
  const t = useText();
  const { zone } = useZone();
  const units = useUnits();
  const now = useNow();
  const person = usePerson(connection.patient_id);
  const problemText = useProblemText();
  const series = useQuery(seriesQuery(connection.patient_id, connection.id, kind, range));
  const latest = useQuery(latestQuery(connection.patient_id, connection.id));
  const error = series.error ?? latest.error;
  const isReady = series.data && latest.data && person;

  return (
    <div className={styles.report}>
      <Page
        title={t("report.title")}
        before={
          <Link to="/devices/$id" params={{ id: connection.id }} search={(before: DeviceSearch) => ({ ...before, view: undefined })} className={back.back}>
            <Icon name="back" />
            {t("report.back")}
          </Link>
        }
      >
        <div className={styles.take}>
          <Button look="primary" isDisabled={!isReady} onPress={() => globalThis.print()}>
            {t("report.print")}
          </Button>
          <p>{t("report.hint")}</p>
        </div>
        {isReady ? (
          <Report
            patientId={connection.patient_id}
            connectionId={connection.id}
            person={person}
            device={connection.name}
            kind={kind}
            metric={metric}
            range={range}
            series={series.data}
            latest={latest.data}
            units={units}
            timeZone={zone}
            now={now}
          />
        ) : null}
        {!isReady && error ? (
          <Notice
            tone="warn"
            role="alert"
            title={t("dash.error.title")}
            actions={<Button onPress={() => void Promise.all([series.refetch(), latest.refetch()])}>{t("app.retry")}</Button>}
          >
            <p>{problemText(error)}</p>
            <SupportDetails error={error} />
          </Notice>
        ) : null}
        {!isReady && !error ? (
          <Loading>
            <Skeleton height={600} />
          </Loading>
        ) : null}
      </Page>
    </div>
  );
}

/** Whose body it is; null until that is known. */
function usePerson(patientId: string): string | null {
  const me = useMe();
  const now = useNow();
  const isMine = me.patient_id === patientId;
  const received = useQuery({ ...receivedQuery(me), enabled: !isMine });
  if (isMine) return me.display_name;
  return sharersOf(received.data ?? [], now).find((one) => one.id === patientId)?.name ?? null;
}
