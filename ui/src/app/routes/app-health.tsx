// Health data of this phone: what is read, when it last arrived, and sending what is new.
import { Age } from "~/components/ui/age";
import { Button, LinkButton } from "~/components/ui/button";
import { Card } from "~/components/ui/card";
import { DevicePicture } from "~/components/ui/icon";
import { Notice, SupportDetails, useProblemText } from "~/components/ui/notice";
import { Page } from "~/components/ui/page";
import { Loading, Skeleton } from "~/components/ui/skeleton";
import { usePhoneDevices, useSyncs } from "~/features/companion/api/phone";
import styles from "~/features/companion/components/companion.module.css";
import { SyncLine } from "~/features/companion/components/sync-line";
import { readableKinds } from "~/features/companion/pair-view";
import type { Connection } from "~/lib/api-types";
import { phoneStore } from "~/lib/health-store/phone-store";
import type { StoreName } from "~/lib/health-store/store";
import { isBusy, type SyncState, type Syncs } from "~/lib/health-store/syncs";
import { useKindList } from "~/lib/kind-words";
import { useMe } from "~/lib/me";
import { enCompanion } from "~/lib/messages/en-companion";
import { addMessages, useText } from "~/lib/text";

addMessages(enCompanion, "companion");

export function AppHealthPage() {
  const t = useText();
  const me = useMe();
  const syncs = useSyncs(me);
  const problemText = useProblemText();
  const { store, list, paired, name, devices } = usePhoneDevices(me);
  const here = devices.filter(({ isHere }) => isHere);
  const others = devices.filter(({ connection, isHere }) => !isHere && connection.status !== "pairing");

  return (
    <Page title={t("companion.health.title")}>
      <p>{t("companion.health.text")}</p>
      {store.data === null || store.isError ? (
        <Notice tone="info" title={t("companion.elsewhere.noStore.title")}>
          <p>{t("companion.elsewhere.noStore.text")}</p>
        </Notice>
      ) : null}
      {list.isError && !list.data ? (
        <Notice tone="warn" role="alert" title={t("companion.health.not")} actions={<Button onPress={() => void list.refetch()} isDisabled={list.isFetching}>{t("app.retry")}</Button>}>
          <p>{problemText(list.error)}</p>
          <SupportDetails error={list.error} />
        </Notice>
      ) : null}
      {(list.isPending || paired.isPending || store.isPending) && !list.isError ? (
        <Loading>
          <Skeleton height={160} />
        </Loading>
      ) : null}
      {name && list.data && paired.data && here.length === 0 ? <None /> : null}
      {name ? here.map(({ connection }) => <Read key={connection.id} connection={connection} name={name} syncs={syncs} />) : null}
      {list.data && others.length > 0 ? <p className={styles.muted}>{t("companion.health.others", { names: others.map(({ connection }) => connection.name).join(", ") })}</p> : null}
      {name && here.length > 0 ? <ChangeMind name={name} /> : null}
      {name ? (
        <div>
          <LinkButton look="quiet" to="/app/pair">
            {t("companion.type.open")}
          </LinkButton>
        </div>
      ) : null}
    </Page>
  );
}

function None() {
  const t = useText();
  return (
    <Notice
      tone="neutral"
      title={t("companion.health.none.title")}
      actions={
        <LinkButton look="primary" to="/pair/$step" params={{ step: "type" }}>
          {t("companion.health.none.action")}
        </LinkButton>
      }
    >
      <p>{t("companion.health.none.text")}</p>
    </Notice>
  );
}

function Read({ connection, name, syncs }: { connection: Connection; name: StoreName; syncs: Syncs }) {
  const t = useText();
  const list = useKindList();
  const state = syncs.of(connection.id);
  const sync = () => void syncs.sync(connection, name);
  const title = `read-${connection.id}`;
  const last = lastSync(connection, state);
  return (
    <Card labelledBy={title}>
      <div className={styles.group}>
        <div className={styles.head}>
          <DevicePicture type={connection.device_type} size={40} />
          <h2 id={title}>{connection.name}</h2>
        </div>
        <p>{t("companion.health.reads", { kinds: list(readableKinds(connection)), store: t(`companion.store.${name}`) })}</p>
        <p className={styles.muted}>
          {t(last ? "companion.health.last" : "companion.health.never")} {last ? <Age at={last} /> : null}
        </p>
        <SyncLine state={state} />
        <div className={styles.buttons}>
          <Button look="primary" onPress={sync} isDisabled={isBusy(state)}>
            {t("companion.health.sync")}
          </Button>
          <LinkButton look="quiet" to="/devices/$id" params={{ id: connection.id }}>
            {t("companion.done.see")}
          </LinkButton>
        </div>
      </div>
    </Card>
  );
}

/** The phone knows of its own a moment before the server has written it down. */
function lastSync(connection: Connection, state: SyncState): string | null {
  const here = state.phase === "done" ? new Date(state.at).toISOString() : null;
  const there = connection.last_sync_at;
  return here !== null && (there === null || Date.parse(there) < Date.parse(here)) ? here : there;
}

/** Android leads to its own page; on an iPhone a person goes there by hand. */
function ChangeMind({ name }: { name: StoreName }) {
  const t = useText();
  return (
    <div className={styles.group}>
      <p className={styles.muted}>{t(`companion.mind.${name}`)}</p>
      {name === "health_connect" ? (
        <div>
          <Button look="quiet" onPress={() => void phoneStore.openSettings()}>
            {t("companion.mind.open")}
          </Button>
        </div>
      ) : null}
    </div>
  );
}
