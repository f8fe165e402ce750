// "Whose reading is this?": readings that may be another person's wait here for the word of the one whose device it is.
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import back from "~/components/ui/back.module.css";
import { Button, LinkButton } from "~/components/ui/button";
import { Icon } from "~/components/ui/icon";
import { LiveMark } from "~/components/ui/live-mark";
import { Notice, SupportDetails, useProblemText } from "~/components/ui/notice";
import { Page } from "~/components/ui/page";
import { Loading, Skeleton } from "~/components/ui/skeleton";
import { ambiguousQuery } from "~/features/readings/api/ambiguous";
import { rowsOf } from "~/features/readings/choices";
import { WhoseList } from "~/features/readings/components/whose-list";
import { useChoices } from "~/features/readings/use-choices";
import { allConnectionsQuery } from "~/lib/all-connections";
import { useLivePatients, useOnline } from "~/lib/live";
import { useMe } from "~/lib/me";
import { enReadings } from "~/lib/messages/en-readings";
import { enWhose } from "~/lib/messages/en-whose";
import { addMessages, useText } from "~/lib/text";

addMessages(enReadings, "readings");
addMessages(enWhose, "whose");

export function WhosePage() {
  const t = useText();
  const { patient_id: own } = useMe();
  return (
    <Page
      title={t("whose.title")}
      beside={own ? <LiveMark /> : null}
      before={
        <Link to="/devices" className={back.back}>
          <Icon name="back" />
          {t("dash.back")}
        </Link>
      }
    >
      {own ? (
        <Inbox patientId={own} />
      ) : (
        <Notice title={t("whose.denied.title")} icon="lock">
          <p>{t("whose.denied.text")}</p>
        </Notice>
      )}
    </Page>
  );
}

function Inbox({ patientId }: { patientId: string }) {
  const t = useText();
  const isOnline = useOnline();
  useLivePatients([patientId]);
  const waiting = useInfiniteQuery(ambiguousQuery(patientId));
  const connections = useQuery(allConnectionsQuery(patientId));
  const { choices, tap, undo } = useChoices(patientId);
  const rows = rowsOf(waiting.data ?? [], choices);
  if (!waiting.data && waiting.error) {
    return <NotShown error={waiting.error} isFetching={waiting.isFetching} onRetry={() => void waiting.refetch()} />;
  }
  if (!waiting.data) {
    return (
      <Loading>
        <Skeleton height={120} />
        <Skeleton height={120} />
      </Loading>
    );
  }
  if (rows.length === 0 && !waiting.hasNextPage) return <Nothing />;
  return (
    <>
      <p>{t("whose.intro")}</p>
      {isOnline ? null : (
        <Notice tone="warn" icon="offline" role="status">
          <p>{t("whose.offline")}</p>
        </Notice>
      )}
      <WhoseList
        rows={rows}
        sourceOf={(item) => connections.data?.find((one) => one.id === item.device_connection_id)?.name}
        isOnline={isOnline}
        onTap={tap}
        onUndo={undo}
      />
      {waiting.hasNextPage ? (
        <div>
          <Button onPress={() => void waiting.fetchNextPage()} isDisabled={waiting.isFetching}>
            {t("whose.more")}
          </Button>
        </div>
      ) : null}
      <p>{t("whose.hint")}</p>
    </>
  );
}

function Nothing() {
  const t = useText();
  return (
    <Notice title={t("whose.empty")} icon="check" actions={<LinkButton to="/devices">{t("app.notFound.action")}</LinkButton>}>
      <p>{t("whose.empty.text")}</p>
    </Notice>
  );
}

function NotShown({ error, isFetching, onRetry }: { error: unknown; isFetching: boolean; onRetry: () => void }) {
  const t = useText();
  const problemText = useProblemText();
  return (
    <Notice
      tone="warn"
      role="alert"
      title={t("whose.error.title")}
      actions={
        <Button onPress={onRetry} isDisabled={isFetching}>
          {t("app.retry")}
        </Button>
      }
    >
      <p>{t("whose.error.text")}</p>
      <p>{problemText(error)}</p>
      <SupportDetails error={error} />
    </Notice>
  );
}
