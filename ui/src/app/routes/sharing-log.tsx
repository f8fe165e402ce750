// Who saw my data: every look, by day and person, in sentences; to filter, to keep as a file, to print.
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useDeferredValue, useMemo, useState } from "react";
import { useIntl } from "react-intl";
import { Button, LinkButton } from "~/components/ui/button";
import back from "~/components/ui/back.module.css";
import { Icon } from "~/components/ui/icon";
import { Notice, SupportDetails, useProblemText } from "~/components/ui/notice";
import { Page } from "~/components/ui/page";
import { Loading, Skeleton } from "~/components/ui/skeleton";
import { useOpen } from "~/components/ui/use-open";
import { logQuery, readAll, summaryQuery } from "~/features/log/api/log";
import { DayOfLog } from "~/features/log/components/day";
import { Filters } from "~/features/log/components/filters";
import { More } from "~/features/log/components/more";
import { UnknownPerson } from "~/features/log/components/unknown-person";
import { csvOf } from "~/features/log/csv";
import { daysOf, type Day } from "~/features/log/fold";
import { isFiltered, questionOf, type Question } from "~/features/log/question";
import { useDayTitle, useRole, useSentence } from "~/features/log/words";
import { allConnectionsQuery } from "~/lib/all-connections";
import type { AuditEvent } from "~/lib/api-types";
import { useNow } from "~/lib/clock";
import { dayOf } from "~/lib/days";
import { useOnline } from "~/lib/live";
import { useMe } from "~/lib/me";
import { enLog } from "~/lib/messages/en-log";
import { addMessages, useText } from "~/lib/text";
import type { LogSearch } from "../router";
import styles from "./sharing-log.module.css";

addMessages(enLog, "log");

export function SharingLogPage() {
  const t = useText();
  const { patient_id: own } = useMe();
  return (
    <Page
      title={t("log.title")}
      before={
        <Link to="/sharing" className={`${back.back} ${styles.back}`}>
          <Icon name="back" />
          {t("log.back")}
        </Link>
      }
    >
      {own ? (
        <Log patientId={own} />
      ) : (
        <Notice title={t("log.denied.title")} icon="lock">
          <p>{t("log.denied.text")}</p>
        </Notice>
      )}
    </Page>
  );
}

function Log({ patientId }: { patientId: string }) {
  const t = useText();
  const { timezone } = useMe();
  const now = useNow();
  const navigate = useNavigate();
  const search = useSearch({ from: "/signed-in/sharing/log" });
  const question = useMemo(() => questionOf(search, timezone), [search, timezone]);
  const summary = useQuery(summaryQuery(patientId, question));
  const change = (wanted: LogSearch) =>
    void navigate({ to: "/sharing/log", search: { ...search, ...wanted }, replace: true, resetScroll: false });
  return (
    <>
      <p>{t("log.intro")}</p>
      <Filters search={search} today={dayOf(now, timezone)} people={summary.data?.people ?? []} onChange={change} />
      {summary.data && search.who !== "system" && !search.what ? (
        <div className={styles.routine}>
          <p>{t(search.from || search.to ? "log.routine" : "log.routine.month", { count: summary.data.routine })}</p>
          {summary.data.routine > 0 ? (
            <Button look="quiet" onPress={() => change({ who: "system" })}>
              {t("log.routine.show")}
            </Button>
          ) : null}
        </div>
      ) : null}
      <Rows key={JSON.stringify(question)} patientId={patientId} question={question} isFiltered={isFiltered(search)} />
    </>
  );
}

/** A page more leaves the days before it as they were, so that they are not drawn again. */
function useDays(events: readonly AuditEvent[], zone: string): { days: Day[]; isDrawn: boolean } {
  const [kept, keep] = useState(() => ({ events, days: daysOf(events, zone) }));
  if (kept.events !== events) keep({ events, days: daysOf(events, zone, kept.days) });
  // Drawn when there is time: scrolling does not wait for what is still below the screen.
  const days = useDeferredValue(kept.days);
  return { days, isDrawn: days === kept.days };
}

interface RowsProps {
  patientId: string;
  question: Question;
  isFiltered: boolean;
}

function Rows({ patientId, question, isFiltered }: RowsProps) {
  const log = useInfiniteQuery(logQuery(patientId, question));
  const connections = useQuery(allConnectionsQuery(patientId));
  const { timezone } = useMe();
  const now = useNow();
  const title = useDayTitle();
  const known = useMemo(() => connections.data ?? [], [connections.data]);
  const sentence = useSentence(known);
  const [unknown, setUnknown, forget] = useOpen<AuditEvent>();
  const events = useMemo(() => log.data?.pages.flatMap((page) => page.items) ?? [], [log.data]);
  const { days, isDrawn } = useDays(events, timezone);
  const { fetchNextPage } = log;
  const onMore = useCallback(() => void fetchNextPage(), [fetchNextPage]);

  // Sentences name devices: they wait for the names, but not for ever.
  if (!log.data || connections.isPending) return <NoRows error={log.error} isFetching={log.isFetching} onRetry={() => void log.refetch()} />;
  if (events.length === 0) return <Nothing isFiltered={isFiltered} />;
  return (
    <>
      <Take patientId={patientId} question={question} sentence={sentence} />
      <div className={styles.days}>
        {days.map((day) => (
          <DayOfLog key={day.day} day={day} title={title(day.day, now)} own={patientId} sentence={sentence} onUnknown={setUnknown} />
        ))}
      </div>
      <More hasMore={log.hasNextPage} isLoading={log.isFetchingNextPage || !isDrawn} onMore={onMore} />
      {unknown ? <UnknownPerson patientId={patientId} event={unknown} onClose={forget} /> : null}
    </>
  );
}

function NoRows({ error, isFetching, onRetry }: { error: unknown; isFetching: boolean; onRetry: () => void }) {
  const t = useText();
  const problemText = useProblemText();
  const isOnline = useOnline();
  if (!isOnline) {
    return (
      <Notice icon="offline">
        <p>{t("log.offline")}</p>
      </Notice>
    );
  }
  if (!error) {
    return (
      <Loading>
        <Skeleton height={28} width="40%" />
        <Skeleton height={140} />
        <Skeleton height={140} />
      </Loading>
    );
  }
  return (
    <Notice
      tone="warn"
      role="alert"
      title={t("log.error.title")}
      actions={
        <Button onPress={onRetry} isDisabled={isFetching}>
          {t("app.retry")}
        </Button>
      }
    >
      <p>{t("log.error.text")}</p>
      <p>{problemText(error)}</p>
      <SupportDetails error={error} />
    </Notice>
  );
}

function Nothing({ isFiltered }: { isFiltered: boolean }) {
  const t = useText();
  if (!isFiltered) {
    return (
      <Notice title={t("log.empty")} icon="check">
        <p>{t("log.empty.text")}</p>
      </Notice>
    );
  }
  return (
    <Notice
      title={t("log.filtered.empty")}
      actions={
        <LinkButton to="/sharing/log" search={{}}>
          {t("log.filtered.clear")}
        </LinkButton>
      }
    />
  );
}

/** What is asked for, all of it, as a file; and what is shown, on paper. */
function Take({ patientId, question, sentence }: { patientId: string; question: Question; sentence: (event: AuditEvent) => string }) {
  const t = useText();
  const intl = useIntl();
  const role = useRole();
  const { timezone, display_name: name } = useMe();
  const now = useNow();
  const [state, setState] = useState<"idle" | "busy" | "stopped">("idle");
  const download = async () => {
    setState("busy");
    try {
      const rows = (await readAll(patientId, question)).map((event) => [
        event.at,
        event.actor.name,
        role(event.actor.role),
        sentence(event),
        event.outcome === "allowed" ? "" : t("log.refused"),
        event.reason ?? "",
      ]);
      save(csvOf([CSV_HEAD, ...rows]));
      setState("idle");
    } catch {
      setState("stopped");
    }
  };
  return (
    <>
      <div className={styles.take}>
        <Button onPress={() => void download()} isDisabled={state === "busy"}>
          <Icon name="download" />
          {t(state === "busy" ? "log.csv.busy" : "log.csv")}
        </Button>
        <Button onPress={() => globalThis.print()}>{t("log.print")}</Button>
        <span role="status">{state === "stopped" ? t("log.csv.stopped") : null}</span>
      </div>
      <p className={styles.printed}>
        {t("log.printed", { name, when: intl.formatDate(now, { dateStyle: "long", timeZone: timezone }), zone: timezone })}
      </p>
    </>
  );
}

/** As the columns are called by the API, in every language: other programs read them. */
const CSV_HEAD = ["at", "name", "role", "what", "outcome", "reason"];

function save(text: string) {
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = "who-saw-my-data.csv";
  link.click();
  URL.revokeObjectURL(url);
}
