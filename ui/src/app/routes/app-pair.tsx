// The code was opened on the phone: what will be shared, the phone's own sheet, and the first readings on their way.
import { useQuery } from "@tanstack/react-query";
import { useRouter, useSearch } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";
import { Button, LinkButton } from "~/components/ui/button";
import { Card } from "~/components/ui/card";
import { Field } from "~/components/ui/field";
import { DevicePicture, Icon } from "~/components/ui/icon";
import { Notice, SupportDetails, useProblemText } from "~/components/ui/notice";
import { Page } from "~/components/ui/page";
import { Loading, Skeleton } from "~/components/ui/skeleton";
import { codeQuery, SheetTrouble, usePairPhone, type PairPhase } from "~/features/companion/api/pair";
import { storeQuery, useSyncs } from "~/features/companion/api/phone";
import styles from "~/features/companion/components/companion.module.css";
import { SyncLine } from "~/features/companion/components/sync-line";
import { pairView, readableKinds } from "~/features/companion/pair-view";
import type { Connection } from "~/lib/api-types";
import { tokenOfText } from "~/lib/companion/pair-link";
import { typesOf, type StoreName } from "~/lib/health-store/store";
import { useMe } from "~/lib/me";
import { enCompanion } from "~/lib/messages/en-companion";
import { codeOf } from "~/lib/problem";
import { addMessages, useText, useWord, type MessageId } from "~/lib/text";

addMessages(enCompanion, "companion");

export function AppPairPage() {
  const t = useText();
  const me = useMe();
  const syncs = useSyncs(me);
  const token = tokenOfText(useSearch({ from: "/signed-in/app/pair" }).token ?? "");
  const code = useQuery({ ...codeQuery(token ?? ""), enabled: token !== null });
  const store = useQuery(storeQuery);
  const name = store.isError ? null : store.data;
  const { pair, phase } = usePairPhone(me, (connection) => void (name && syncs.sync(connection, name)));
  const view = pairView({ token, connection: code.data, store: name, isRefused: code.isError, pairing: pair.status });
  const go = () => token && pair.mutate({ token, types: typesOf(readableKinds(code.data)) });

  switch (view) {
    case "loading":
      return (
        <Page title={t("companion.pair.title")}>
          <Loading>
            <Skeleton height={120} />
          </Loading>
        </Page>
      );
    case "done":
      return pair.data && name ? <Done connection={pair.data} name={name} syncs={syncs} /> : null;
    case "refused":
      return <Refused error={code.error} onAgain={() => void code.refetch()} />;
    case "noCode":
      return <TypeCode />;
    case "bluetooth":
    case "noStore":
    case "otherStore":
    case "nothing":
      return <Elsewhere view={view} />;
    default:
      return (
        <Page title={t("companion.pair.title")}>
          <Ready connection={code.data!} store={name!} phase={view === "working" ? phase : null} error={view === "stopped" ? pair.error : null} onGo={go} />
        </Page>
      );
  }
}

interface ReadyProps {
  connection: Connection;
  store: StoreName;
  phase: PairPhase | null;
  error: Error | null;
  onGo: () => void;
}

function Ready({ connection, store, phase, error, onGo }: ReadyProps) {
  const t = useText();
  const word = useWord();
  const problemText = useProblemText();
  const storeName = t(`companion.store.${store}`);
  return (
    <>
      <Card labelledBy="shared">
        <div className={styles.group}>
          <div className={styles.head}>
            <DevicePicture type={connection.device_type} size={40} />
            <p id="shared">{t("companion.pair.what", { name: connection.name, store: storeName })}</p>
          </div>
          <ul className={styles.kinds}>
            {readableKinds(connection).map((kind) => (
              <li key={kind}>
                <Icon name="check" size={22} />
                {word("kind", kind)}
              </li>
            ))}
          </ul>
        </div>
      </Card>
      <p className={styles.muted}>{t("companion.pair.reads", { store: storeName })}</p>
      {error ? (
        <Notice tone="warn" role="alert" title={t("companion.pair.stopped.title")}>
          <p>{error instanceof SheetTrouble ? t("companion.pair.sheet", { store: storeName }) : (refusalText(t, error) ?? problemText(error))}</p>
          <SupportDetails error={error} />
        </Notice>
      ) : null}
      <div>
        <Button look="primary" onPress={onGo} isDisabled={phase !== null}>
          {t(error ? "app.retry" : "companion.pair.choose")}
        </Button>
      </div>
      <p className={styles.muted} role="status">
        {phase ? t(`companion.pair.${phase}`, { store: storeName }) : null}
      </p>
    </>
  );
}

const REFUSALS: Record<string, MessageId> = {
  not_found: "companion.code.notYours",
  pairing_expired: "companion.code.old",
  pairing_used: "companion.code.used",
  already_paired: "companion.code.taken",
  consent_required: "companion.sync.consent.text",
  consent_missing: "companion.sync.consent.text",
};

function refusalText(t: (id: MessageId) => string, error: unknown): string | null {
  const id = REFUSALS[codeOf(error)];
  return id ? t(id) : null;
}

/** A code that says nothing to us: what to do with it, and the way back to one's devices. */
function Refused({ error, onAgain }: { error: unknown; onAgain: () => void }) {
  const t = useText();
  const problemText = useProblemText();
  const said = refusalText(t, error);
  return (
    <Page title={t("companion.code.title")}>
      <Notice tone="warn" role="alert" actions={said ? undefined : <Button look="primary" onPress={onAgain}>{t("app.retry")}</Button>}>
        <p>{said ?? problemText(error)}</p>
        <SupportDetails error={error} />
      </Notice>
      <Back />
    </Page>
  );
}

/** Where a camera does not help: the letters that the other screen shows. */
function TypeCode() {
  const t = useText();
  const router = useRouter();
  const [typed, setTyped] = useState("");
  const [isWrong, setWrong] = useState(false);
  const go = (event: FormEvent) => {
    event.preventDefault();
    const token = tokenOfText(typed);
    setWrong(token === null);
    if (token) void router.navigate({ to: "/app/pair", search: { token }, replace: true });
  };
  return (
    <Page title={t("companion.pair.title")}>
      <p>{t("companion.type.text")}</p>
      <form className={`${styles.column} ${styles.plainLetters}`} onSubmit={go} noValidate>
        <Field
          label={t("companion.type.label")}
          value={typed}
          onChange={(text) => {
            setTyped(text);
            setWrong(false);
          }}
          error={isWrong ? t("companion.type.wrong") : undefined}
          autoCapitalize="none"
          autoCorrect="off"
          spellCheck="false"
        />
        <div>
          <Button look="primary" type="submit">
            {t("companion.server.action")}
          </Button>
        </div>
      </form>
      <Back />
    </Page>
  );
}

function Elsewhere({ view }: { view: "bluetooth" | "noStore" | "otherStore" | "nothing" }) {
  const t = useText();
  return (
    <Page title={t("companion.pair.title")}>
      <Notice tone="info" title={t(`companion.elsewhere.${view}.title`)}>
        <p>{t(`companion.elsewhere.${view}.text`)}</p>
      </Notice>
      <Back />
    </Page>
  );
}

function Back() {
  const t = useText();
  return (
    <div>
      <LinkButton to="/devices">{t("companion.toDevices")}</LinkButton>
    </div>
  );
}

function Done({ connection, name, syncs }: { connection: Connection; name: StoreName; syncs: ReturnType<typeof useSyncs> }) {
  const t = useText();
  const state = syncs.of(connection.id);
  return (
    <Page
      title={t("companion.done.title")}
      before={
        <span className={styles.picture}>
          <Icon name="check" size={48} />
        </span>
      }
    >
      <SyncLine state={state} again={<Button look="primary" onPress={() => void syncs.sync(connection, name)}>{t("app.retry")}</Button>} />
      <p>{t("companion.done.text")}</p>
      <div className={styles.buttons}>
        <LinkButton look={state.phase === "trouble" ? "secondary" : "primary"} to="/devices/$id" params={{ id: connection.id }}>
          {t("companion.done.see")}
        </LinkButton>
        <LinkButton look="quiet" to="/app/health-data">
          {t("companion.health.title")}
        </LinkButton>
      </div>
    </Page>
  );
}
