// The dashboard of one device: is it well, what did it measure last, and how has that been?
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useDeferredValue } from "react";
import back from "~/components/ui/back.module.css";
import { LinkButton, Button } from "~/components/ui/button";
import { Card } from "~/components/ui/card";
import { Icon } from "~/components/ui/icon";
import { LiveMark } from "~/components/ui/live-mark";
import { Notice, SupportDetails, useProblemText } from "~/components/ui/notice";
import { Page } from "~/components/ui/page";
import { Segments } from "~/components/ui/segments";
import { Loading, Skeleton } from "~/components/ui/skeleton";
import { pairingStep } from "~/components/ui/status-reason";
import { DeviceHeader } from "~/features/devices/components/device-header";
import { ChartPanel } from "~/features/readings/components/chart-panel";
import { LatestCard } from "~/features/readings/components/latest-card";
import { latestOf } from "~/features/readings/parts";
import { chooseKind, kindsOf } from "~/features/readings/kinds-of-device";
import { api, ask } from "~/lib/api";
import type { Connection, Kind } from "~/lib/api-types";
import { useNow } from "~/lib/clock";
import { useConnection } from "~/lib/connections";
import { keys, type RangeId } from "~/lib/keys";
import { KIND_VIEWS } from "~/lib/kind-views";
import { useLivePatients } from "~/lib/live";
import { useMe, useUnits, useZone } from "~/lib/me";
import { ApiProblem } from "~/lib/problem";
import { latestQuery, newestQuery, seriesQuery } from "~/lib/readings";
import { enReadings } from "~/lib/messages/en-readings";
import { addMessages, useText, useWord } from "~/lib/text";
import { wordsAreHere } from "~/lib/words";
import type { DeviceSearch } from "../router";
import styles from "./device.module.css";

addMessages(enReadings, "readings");
const DeviceReport = lazy(async () => ({ default: (await import("./device-report")).DeviceReport }));
const ManageDevice = lazy(async () => ({ default: (await wordsAreHere(import("~/features/devices/components/manage-device"))).ManageDevice }));
const WhoseNotice = lazy(async () => ({ default: (await wordsAreHere(import("~/features/readings/components/whose-notice"))).WhoseNotice }));
const SharedDevice = lazy(async () => ({ default: (await wordsAreHere(import("./shared-device"))).SharedDevice }));
const SharedMissing = lazy(async () => ({ default: (await wordsAreHere(import("./shared-device"))).SharedMissing }));

/** Who has no devices of their own is told by the list alone what is shared. */
const NOT_SHARED = new ApiProblem(404, "not_found");

const SimulateButton = lazy(async () => ({ default: (await import("~/components/ui/simulate-button")).SimulateButton }));
const SyncCard = lazy(async () => ({ default: (await wordsAreHere(import("~/components/bluetooth/sync-card"))).SyncCard }));

export function DevicePage() {
  const { id } = useParams({ from: "/signed-in/devices/$id" });
  const me = useMe();
  const listed = useConnection(me, id);
  // Removed devices are not in the list, but their owner still reads what they measured.
  const single = useQuery({
    queryKey: keys.device(me.patient_id ?? me.user_id, id),
    queryFn: ({ signal }) => ask(api.GET("/api/v1/device-connections/{connection_id}", { params: { path: { connection_id: id } }, signal })),
    enabled: listed.data === null && me.patient_id !== null,
  });
  const connection = listed.data ?? single.data;
  const gone = listed.data === null && !me.patient_id ? NOT_SHARED : null;
  const error = connection ? null : (gone ?? single.error ?? listed.error);

  if (connection) {
    const page = (one: Connection) => <Dashboard key={one.id} connection={one} />;
    if (connection.patient_id === me.patient_id) return page(connection);
    return (
      <Suspense fallback={<Waiting />}>
        <SharedDevice connection={connection}>{page}</SharedDevice>
      </Suspense>
    );
  }
  if (!error) return <Waiting />;
  const page = <Missing error={error} onRetry={() => void (listed.data === null ? single : listed).refetch()} />;
  return me.patient_id ? (
    page
  ) : (
    <Suspense>
      <SharedMissing id={id}>{page}</SharedMissing>
    </Suspense>
  );
}

function Waiting() {
  return (
    <Loading>
      <Skeleton height={34} width="60%" />
      <Skeleton height={160} />
      <Skeleton height={420} />
    </Loading>
  );
}

function Dashboard({ connection }: { connection: Connection }) {
  const t = useText();
  const me = useMe();
  const units = useUnits();
  const navigate = useNavigate();
  const { id, patient_id: patientId } = connection;
  const isOwner = me.patient_id === patientId;
  // On a slow phone the whole page takes longer to draw than a finger waits: its name first, and the rest when it is ready.
  const isAnswered = useDeferredValue(true, false);
  useLivePatients([patientId]);
  const latest = useQuery(latestQuery(patientId, id));
  const newest = useQuery(newestQuery(patientId, id));
  const search = useSearch({ from: "/signed-in/devices/$id" });
  const kinds = kindsOf(connection, latest.data ?? {});
  const kind = chooseKind(connection, kinds, latest.data ?? {}, search.kind);
  const { range = "7d" } = search;
  const metric = chosenMetric(kind, search.metric);
  if (search.view === "report") {
    return (
      <Suspense fallback={<Waiting />}>
        <DeviceReport connection={connection} kind={kind} metric={metric} range={range} />
      </Suspense>
    );
  }
  const mayMeasure = me.env === "development" && isOwner && (connection.status === "connected" || connection.status === "disconnected");

  return (
    <Page
      title={connection.name}
      tab={t("dash.kinds")}
      beside={<LiveMark />}
      before={
        <Link to="/devices" className={back.back}>
          <Icon name="back" />
          {t("dash.back")}
        </Link>
      }
    >
      <DeviceHeader
        connection={connection}
        actions={isOwner ? <PairAgain connection={connection} /> : undefined}
      />
      {isAnswered ? (
        <>
          {isOwner ? (
            <Suspense>
              <WhoseNotice patientId={patientId} connectionId={id} />
            </Suspense>
          ) : null}
          {kinds.length > 1 ? <KindChoice kinds={kinds} kind={kind} /> : null}
          {latest.data ? (
            <LatestCard
              patientId={patientId}
              connectionId={id}
              latest={latest.data}
              newest={newest.data ?? []}
              kind={kind}
              units={units}
              source={connection.name}
              isStale={connection.status !== "connected"}
            />
          ) : null}
          {isOwner && connection.pairing_method === "web_bluetooth" && connection.status !== "revoked" ? (
            <Suspense fallback={<Skeleton height={160} />}>
              <SyncCard connection={connection} me={me} />
            </Suspense>
          ) : null}
          {mayMeasure ? (
            <Suspense>
              <SimulateButton connectionId={id} />
            </Suspense>
          ) : null}
          <Chart connection={connection} kind={kind} lastAt={(latest.data && latestOf(latest.data, kind)?.at) ?? null} />
          {isOwner && connection.status !== "revoked" ? (
            <Suspense>
              <ManageDevice me={me} connection={connection} onRemoved={() => void navigate({ to: "/devices", replace: true })} />
            </Suspense>
          ) : null}
        </>
      ) : (
        <Waiting />
      )}
    </Page>
  );
}

function chosenMetric(kind: Kind, wanted: string | undefined): string {
  const { charted, main } = KIND_VIEWS[kind];
  return charted.find((name) => name === wanted) ?? charted[0] ?? main[0] ?? "";
}

function PairAgain({ connection }: { connection: Connection }) {
  const t = useText();
  const step = pairingStep(connection);
  if (!step) return null;
  return (
    <LinkButton to="/pair/$step" params={{ step }} search={{ connection: connection.id }}>
      {t(step === "consent" ? "devices.continue" : "devices.again")}
    </LinkButton>
  );
}

function useChangeSearch() {
  const navigate = useNavigate();
  const { id } = useParams({ from: "/signed-in/devices/$id" });
  return (change: DeviceSearch) =>
    void navigate({
      to: "/devices/$id",
      params: { id },
      search: (before: DeviceSearch) => ({ ...before, ...change }),
      replace: true,
      resetScroll: false,
    });
}

function KindChoice({ kinds, kind }: { kinds: Kind[]; kind: Kind }) {
  const t = useText();
  const word = useWord();
  const change = useChangeSearch();
  return (
    <Segments
      label={t("dash.kinds")}
      hideLabel
      look="chips"
      value={kind}
      onChange={(next) => change({ kind: next, metric: undefined })}
      choices={kinds.map((one) => ({ id: one, text: word("kind", one) }))}
    />
  );
}

function Chart({ connection, kind, lastAt }: { connection: Connection; kind: Kind; lastAt: string | null }) {
  const t = useText();
  const word = useWord();
  const { zone, isNamed } = useZone();
  const units = useUnits();
  const now = useNow();
  const change = useChangeSearch();
  const problemText = useProblemText();
  const { range = "7d", metric, view } = useSearch({ from: "/signed-in/devices/$id" });
  const series = useQuery(seriesQuery(connection.patient_id, connection.id, kind, range));

  return (
    <Card labelledBy="chart">
      <div className={styles.chart}>
        <h2 id="chart" className={styles.heading}>
          {word("kind", kind)}
        </h2>
        {series.data ? (
          <ChartPanel
            patientId={connection.patient_id}
            connectionId={connection.id}
            kind={kind}
            metric={chosenMetric(kind, metric)}
            onMetric={(next) => change({ metric: next })}
            range={range}
            onRange={(next: RangeId) => change({ range: next })}
            view={view === "table" ? "table" : "chart"}
            onView={(next) => change({ view: next === "table" ? "table" : undefined })}
            series={series.data}
            units={units}
            timeZone={zone}
            isZoneNamed={isNamed}
            now={now}
            lastAt={lastAt}
            beside={
              <LinkButton look="quiet" to="/devices/$id" params={{ id: connection.id }} search={(before: DeviceSearch) => ({ ...before, kind, view: "report" as const })}>
                {t("report.open")}
              </LinkButton>
            }
          />
        ) : null}
        {!series.data && series.error ? (
          <Notice
            tone="warn"
            role="alert"
            title={t("dash.error.title")}
            actions={
              <Button onPress={() => void series.refetch()} isDisabled={series.isFetching}>
                {t("app.retry")}
              </Button>
            }
          >
            <p>{t("dash.error.text")}</p>
            <p>{problemText(series.error)}</p>
            <SupportDetails error={series.error} />
          </Notice>
        ) : null}
        {!series.data && !series.error ? (
          <Loading>
            <Skeleton height={48} />
            <Skeleton height={330} />
          </Loading>
        ) : null}
      </div>
    </Card>
  );
}

function Missing({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const t = useText();
  const problemText = useProblemText();
  const isGone = error instanceof Error && "status" in error && (error.status === 404 || error.status === 403);
  return (
    <Page title={t(isGone ? "dash.notFound.title" : "devices.error.title")}>
      <p>{isGone ? t("dash.notFound.text") : problemText(error)}</p>
      <div className={styles.actions}>
        <LinkButton look="primary" to="/devices">
          {t("app.notFound.action")}
        </LinkButton>
        {isGone ? null : <Button onPress={onRetry}>{t("app.retry")}</Button>}
      </div>
      <SupportDetails error={error} />
    </Page>
  );
}
