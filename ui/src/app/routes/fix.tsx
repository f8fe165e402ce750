// Get it going: what may be wrong with a device, one piece of advice each, and at the end a person.
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useSyncExternalStore } from "react";
import { Button, LinkButton } from "~/components/ui/button";
import { Card } from "~/components/ui/card";
import { Icon } from "~/components/ui/icon";
import { Notice } from "~/components/ui/notice";
import { Page } from "~/components/ui/page";
import { Loading, Skeleton } from "~/components/ui/skeleton";
import { eventsQuery, healthQuery } from "~/features/fix/api";
import { checksOf, supportText } from "~/features/fix/checks";
import { CheckList } from "~/features/fix/components/check-list";
import styles from "~/features/fix/components/fix.module.css";
import { EventLog, Support } from "~/features/fix/components/support";
import { integrationsQuery } from "~/features/integrations/api/integrations";
import { hubsQuery } from "~/features/pairing/api/hubs";
import type { Connection } from "~/lib/api-types";
import { webRoom } from "~/lib/bluetooth/web-room";
import { whyNotQuery } from "~/lib/bluetooth/why-not";
import { useConnection } from "~/lib/connections";
import { useMe } from "~/lib/me";
import { enFix } from "~/lib/messages/en-fix";
import { addMessages, useText } from "~/lib/text";

addMessages(enFix);

const REFUSED = "rejected";

export function FixPage() {
  const t = useText();
  const { id } = useParams({ from: "/signed-in/devices/$id/fix" });
  const me = useMe();
  const found = useConnection(me, id);
  if (found.data) return <Fix connection={found.data} />;
  if (found.data === null || found.isError) {
    return (
      <Page title={t("fix.gone.title")} tab={t("fix.title")}>
        <p>{t("fix.gone.text")}</p>
        <div>
          <LinkButton to="/devices">{t("app.notFound.action")}</LinkButton>
        </div>
      </Page>
    );
  }
  return (
    <Loading>
      <Skeleton height={34} width="60%" />
      <Skeleton height={320} />
    </Loading>
  );
}

function Fix({ connection }: { connection: Connection }) {
  const t = useText();
  const me = useMe();
  const { id, patient_id: patientId, pairing_method: way } = connection;
  const isOwner = me.patient_id === patientId;
  const mayPairAgain = isOwner && (way === "hub" || way === "web_bluetooth");
  const isOnline = useSyncExternalStore(watchLine, () => navigator.onLine);
  const health = useQuery(healthQuery(patientId, id));
  const events = useQuery(eventsQuery(patientId, id));
  const hubs = useQuery({ ...hubsQuery, enabled: isOwner && way === "hub" });
  const accounts = useQuery({ ...integrationsQuery(me), enabled: isOwner && way === "vendor_oauth" });
  const whyNot = useQuery({ ...whyNotQuery(webRoom), enabled: way === "web_bluetooth" });
  const hub = hubs.data?.find((one) => one.hub_id === connection.hub_id);
  const account = accounts.data?.find((one) => one.device_connection_ids.includes(id));

  const checks = checksOf({
    isOnline,
    connection,
    health: health.data,
    hubOnline: hub && hub.state === "online",
    accountState: accounts.data && (account?.state ?? null),
    whyNot: whyNot.data,
    refused: events.data?.filter((event) => event.kind === REFUSED).length,
  });
  const trouble = checks.filter((check) => check.result === "trouble").length;
  const again = () => void Promise.all([health.refetch(), events.refetch(), hubs.refetch(), whyNot.refetch()]);

  return (
    <Page
      title={t("fix.title")}
      before={
        <div>
          <Link to="/devices/$id" params={{ id }}>
            {t("fix.back", { name: connection.name })}
          </Link>
        </div>
      }
    >
      <p role="status">{trouble ? t("fix.intro.trouble", { count: trouble }) : t("fix.intro.well")}</p>
      {health.isError || events.isError ? (
        <Notice tone="warn">
          <p>{t("fix.error")}</p>
        </Notice>
      ) : null}
      <CheckList checks={checks} connection={connection} isOwner={isOwner} />
      <div>
        <Button onPress={again} isDisabled={health.isFetching}>
          <Icon name="turn" />
          {t("fix.again")}
        </Button>
      </div>
      <Card labelledBy="more">
        <div className={styles.section}>
          <h2 id="more">{t("fix.more")}</h2>
          <ol className={styles.steps}>
            <li>{t("fix.more.batteries")}</li>
            {mayPairAgain ? <li>{t("fix.more.again")}</li> : null}
            <li>{t("fix.more.person")}</li>
          </ol>
          {mayPairAgain ? (
            <div>
              <LinkButton to="/pair/$step" params={{ step: "ready" }} search={{ connection: id }}>
                {t("fix.go.again")}
              </LinkButton>
            </div>
          ) : null}
          <Support text={supportText(connection, health.data, checks, events.data ?? [])} />
        </div>
      </Card>
      <Card labelledBy="log">
        <div className={styles.section}>
          <h2 id="log">{t("fix.log")}</h2>
          {events.isPending ? <Skeleton height={80} /> : <EventLog events={events.data ?? []} />}
        </div>
      </Card>
    </Page>
  );
}

function watchLine(listener: () => void): () => void {
  globalThis.addEventListener("online", listener);
  globalThis.addEventListener("offline", listener);
  return () => {
    globalThis.removeEventListener("online", listener);
    globalThis.removeEventListener("offline", listener);
  };
}
