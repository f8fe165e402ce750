// Get it going: what may be wrong with a device, one piece of advice each, what can be done, and at the end a person.
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import back from "~/components/ui/back.module.css";
import { Button, LinkButton } from "~/components/ui/button";
import { Card } from "~/components/ui/card";
import { Icon } from "~/components/ui/icon";
import { LiveMark } from "~/components/ui/live-mark";
import { Notice } from "~/components/ui/notice";
import { Page } from "~/components/ui/page";
import { Loading, Skeleton } from "~/components/ui/skeleton";
import { eventsQuery, healthQuery } from "~/features/fix/api";
import { REFUSED, refusedOf } from "~/features/fix/causes";
import { checksOf, supportText } from "~/features/fix/checks";
import { CheckList } from "~/features/fix/components/check-list";
import { EventLog } from "~/features/fix/components/event-log";
import styles from "~/features/fix/components/fix.module.css";
import { Support } from "~/features/fix/components/support";
import { stepsOf } from "~/features/fix/steps";
import { integrationsQuery } from "~/features/integrations/api/integrations";
import { hubsQuery } from "~/features/pairing/api/hubs";
import { mayHaveSession } from "~/lib/api";
import type { Connection } from "~/lib/api-types";
import { roomHere } from "~/lib/bluetooth/room-here";
import { whyNotQuery } from "~/lib/bluetooth/why-not";
import { useConnection } from "~/lib/connections";
import { useLivePatients, useOnline } from "~/lib/live";
import { useMe } from "~/lib/me";
import { enFix } from "~/lib/messages/en-fix";
import { modelQuery } from "~/lib/models";
import { addMessages, useText } from "~/lib/text";
import { wordsAreHere } from "~/lib/words";
import { SharedDevice, SharedMissing } from "./shared-device";

addMessages(enFix, "fix");
const FixDeeds = lazy(() => wordsAreHere(import("./fix-deeds")));

export function FixPage() {
  const t = useText();
  const { id } = useParams({ from: "/signed-in/devices/$id/fix" });
  const me = useMe();
  const found = useConnection(me, id);
  if (found.data) {
    const page = (connection: Connection) => <Fix connection={connection} />;
    return found.data.patient_id === me.patient_id ? page(found.data) : <SharedDevice connection={found.data}>{page}</SharedDevice>;
  }
  if (found.data === null || found.isError) {
    return (
      <SharedMissing id={id}>
        <Page title={t("fix.gone.title")} tab={t("fix.title")}>
          <p>{t("fix.gone.text")}</p>
          <div>
            <LinkButton to="/devices">{t("app.notFound.action")}</LinkButton>
          </div>
        </Page>
      </SharedMissing>
    );
  }
  return (
    <Loading>
      <Skeleton height={34} width="60%" />
      <Skeleton height={320} />
    </Loading>
  );
}

/** Everything that the checks are made of, and how to ask for it again. */
function useKnown(connection: Connection) {
  const me = useMe();
  const { id, patient_id: patientId, pairing_method: way } = connection;
  const isOwner = me.patient_id === patientId;
  const isOnline = useOnline();
  const health = useQuery(healthQuery(patientId, id));
  const events = useQuery(eventsQuery(patientId, id));
  const hubs = useQuery({ ...hubsQuery, enabled: isOwner && way === "hub" });
  const accounts = useQuery({ ...integrationsQuery(me), enabled: isOwner && way === "vendor_oauth" });
  const whyNot = useQuery({ ...whyNotQuery(roomHere()), enabled: way === "web_bluetooth" });
  const hub = hubs.data?.find((one) => one.hub_id === connection.hub_id);
  const account = accounts.data?.find((one) => one.device_connection_ids.includes(id));
  const checks = checksOf({
    isOnline,
    isSignedIn: mayHaveSession(),
    connection,
    health: health.data,
    hubOnline: hub && hub.state === "online",
    accountState: accounts.data && (account?.state ?? null),
    whyNot: whyNot.data,
    refused: events.data?.filter((event) => event.kind === REFUSED).length,
  });
  return {
    isOwner,
    isOnline,
    checks,
    health: health.data,
    events: events.data,
    hasFailed: health.isError || events.isError,
    isAsking: health.isFetching,
    again: () => void Promise.all([health, events, hubs, accounts, whyNot].map((query) => query.isEnabled && query.refetch())),
  };
}

function Fix({ connection }: { connection: Connection }) {
  const t = useText();
  const { id, patient_id: patientId } = connection;
  useLivePatients([patientId]);
  const { isOwner, isOnline, checks, health, events, hasFailed, isAsking, again } = useKnown(connection);
  const open = new Set(checks.filter((check) => check.result === "trouble").map((check) => check.id));

  return (
    <Page
      title={t("fix.title")}
      beside={<LiveMark />}
      before={
        <Link to="/devices/$id" params={{ id }} className={back.back}>
          <Icon name="back" />
          {t("fix.back", { name: connection.name })}
        </Link>
      }
    >
      <p role="status">{open.size > 0 ? t("fix.intro.trouble", { count: open.size }) : t("fix.intro.well")}</p>
      {isOwner ? null : (
        <Notice icon="lock">
          <p>{t("fix.readOnly")}</p>
        </Notice>
      )}
      {hasFailed || !isOnline ? (
        <Notice tone="warn">
          <p>{t(isOnline ? "fix.error" : "fix.offline")}</p>
        </Notice>
      ) : null}
      <CheckList checks={checks} refused={refusedOf(events ?? [])} connection={connection} isOwner={isOwner} />
      <div>
        <Button onPress={again} isDisabled={isAsking}>
          <Icon name="turn" />
          {t("fix.again")}
        </Button>
      </div>
      <Steps connection={connection} />
      {isOwner ? (
        <Suspense fallback={<Skeleton height={240} />}>
          <FixDeeds connection={connection} />
        </Suspense>
      ) : null}
      <Card labelledBy="log">
        <div className={styles.section}>
          <h2 id="log">{t("fix.log")}</h2>
          {events || hasFailed ? <EventLog events={events ?? []} open={open} /> : <Skeleton height={80} />}
        </div>
      </Card>
      <Card labelledBy="person">
        <div className={styles.section}>
          <h2 id="person">{t("fix.person")}</h2>
          <p>{t("fix.person.text")}</p>
          <Support text={supportText(connection, health, checks, events ?? [])} />
        </div>
      </Card>
    </Page>
  );
}

function Steps({ connection }: { connection: Connection }) {
  const t = useText();
  const model = useQuery(modelQuery(connection.device_model_id));
  const docs = model.data?.docs_url;
  return (
    <Card labelledBy="steps">
      <div className={styles.section}>
        <h2 id="steps">{t("fix.steps")}</h2>
        <ol className={styles.steps}>
          {stepsOf(connection.pairing_method, connection.device_type).map((step) => (
            <li key={step}>{t(step)}</li>
          ))}
        </ol>
        {docs ? (
          <p>
            <a href={docs} target="_blank" rel="noreferrer">
              {t("fix.steps.docs")}
            </a>
          </p>
        ) : null}
      </div>
    </Card>
  );
}
