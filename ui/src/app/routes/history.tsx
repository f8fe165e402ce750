// "Bring in your whole history": a person gives a file, and sees it checked, sent and read.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useState } from "react";
import back from "~/components/ui/back.module.css";
import { Button, LinkButton } from "~/components/ui/button";
import { ChoiceField } from "~/components/ui/choice-field";
import { Icon } from "~/components/ui/icon";
import { Notice, SupportDetails, useProblemText } from "~/components/ui/notice";
import { Page } from "~/components/ui/page";
import { Loading, Skeleton } from "~/components/ui/skeleton";
import { importQuery, putArrived } from "~/features/history/api/import";
import { useSending, type Arrived } from "~/features/history/api/sending";
import { ChooseFile } from "~/features/history/components/choose-file";
import { ReadingPanel } from "~/features/history/components/reading-panel";
import { SendingPanel } from "~/features/history/components/sending-panel";
import { useFileDrop } from "~/features/history/use-file-drop";
import { throughHealth } from "~/features/history/view";
import type { Connection } from "~/lib/api-types";
import { connectionsQuery } from "~/lib/connections";
import { useOnline } from "~/lib/live";
import { useMe } from "~/lib/me";
import { enHistory } from "~/lib/messages/en-history";
import { codeOf } from "~/lib/problem";
import { addMessages, useText } from "~/lib/text";

addMessages(enHistory, "history");

export function HistoryPage() {
  const t = useText();
  const me = useMe();
  const { job } = useSearch({ from: "/signed-in/integrations/import" });
  return (
    <Page
      title={t("history.title")}
      before={
        <Link to="/integrations" className={back.back}>
          <Icon name="back" />
          {t("history.back")}
        </Link>
      }
    >
      {me.patient_id === null ? <p>{t("history.denied")}</p> : job ? <Reading id={job} /> : <Choosing />}
    </Page>
  );
}

function Choosing() {
  const t = useText();
  const connections = useQuery(connectionsQuery(useMe()));
  if (!connections.data) {
    return connections.error ? (
      <NotShown of="error" error={connections.error} isFetching={connections.isFetching} onRetry={() => void connections.refetch()} />
    ) : (
      <Waiting />
    );
  }
  const usable = throughHealth(connections.data);
  if (usable.length > 0) return <Bringing usable={usable} />;
  return (
    <Notice
      title={t("history.none.title")}
      actions={
        <LinkButton look="primary" to="/pair">
          {t("history.none.action")}
        </LinkButton>
      }
    >
      <p>{t("history.none.text")}</p>
    </Notice>
  );
}

function Bringing({ usable }: { usable: readonly Connection[] }) {
  const t = useText();
  const navigate = useNavigate();
  const isOnline = useOnline();
  const [chosen, setChosen] = useState<string>();
  const target = usable.find((one) => one.id === chosen) ?? usable[0];
  const client = useQueryClient();
  const me = useMe();
  const onArrived = useCallback(
    (file: Arrived) => {
      putArrived(client, me, file);
      void navigate({ to: "/integrations/import", search: { job: file.id }, replace: true });
    },
    [client, me, navigate],
  );
  const { sending, choose, stop } = useSending(target?.id, onArrived);
  const mayChoose = isOnline && sending.at === "choosing";
  const isOver = useFileDrop((file) => (mayChoose ? void choose(file) : undefined));
  if (sending.at !== "choosing") return <SendingPanel state={sending} isOnline={isOnline} onStop={stop} />;
  return (
    <>
      <p>{t("history.intro")}</p>
      <ChooseFile
        name={target?.name ?? ""}
        state={sending}
        isOnline={isOnline}
        isOver={isOver && mayChoose}
        target={
          usable.length > 1 ? (
            <ChoiceField
              label={t("history.for")}
              value={target?.id ?? ""}
              onChange={setChosen}
              choices={usable.map(({ id, name }) => ({ id, text: name }))}
            />
          ) : null
        }
        onChoose={(file) => void choose(file)}
      />
    </>
  );
}

function Reading({ id }: { id: string }) {
  const t = useText();
  const me = useMe();
  const navigate = useNavigate();
  const isOnline = useOnline();
  const reading = useQuery(importQuery(me, id));
  const connections = useQuery(connectionsQuery(me));
  const another = () => void navigate({ to: "/integrations/import", search: {}, replace: true });
  if (codeOf(reading.error) === "not_found") {
    return (
      <Notice tone="warn" role="alert" title={t("history.unknown.title")} actions={<Button onPress={another}>{t("history.choose")}</Button>}>
        <p>{t("history.unknown.text")}</p>
      </Notice>
    );
  }
  if (reading.data) {
    const device = connections.data?.find((one) => one.id === reading.data.device_connection_id);
    return <ReadingPanel job={reading.data} device={device} isOnline={isOnline} onAnother={another} />;
  }
  if (reading.error) return <NotShown of="lost" error={reading.error} isFetching={reading.isFetching} onRetry={() => void reading.refetch()} />;
  return <Waiting />;
}

function Waiting() {
  return (
    <Loading>
      <Skeleton height={320} />
    </Loading>
  );
}

interface NotShownProps {
  of: "error" | "lost";
  error: unknown;
  isFetching: boolean;
  onRetry: () => void;
}

function NotShown({ of, error, isFetching, onRetry }: NotShownProps) {
  const t = useText();
  const problemText = useProblemText();
  return (
    <Notice
      tone="warn"
      role="alert"
      title={t(`history.${of}.title`)}
      actions={
        <Button onPress={onRetry} isDisabled={isFetching}>
          {t("app.retry")}
        </Button>
      }
    >
      <p>{t(`history.${of}.text`)}</p>
      <p>{problemText(error)}</p>
      <SupportDetails error={error} />
    </Notice>
  );
}
