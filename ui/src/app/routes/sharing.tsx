// Sharing: who sees what until when, who looked, and what each device may send.
import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import { Button } from "~/components/ui/button";
import { Icon } from "~/components/ui/icon";
import { Notice, SupportDetails, useProblemText } from "~/components/ui/notice";
import { Page } from "~/components/ui/page";
import { Loading, Skeleton } from "~/components/ui/skeleton";
import { consentsQuery } from "~/features/sharing/api/consents";
import { Consents } from "~/features/sharing/components/consents";
import { People } from "~/features/sharing/components/people";
import { Received } from "~/features/sharing/components/received";
import { allConnectionsQuery } from "~/lib/all-connections";
import { permissionsQuery } from "~/lib/consent";
import { useLivePatients, useOnline } from "~/lib/live";
import { useMe } from "~/lib/me";
import { enConsent } from "~/lib/messages/en-consent";
import { enShared } from "~/lib/messages/en-shared";
import { enSharing } from "~/lib/messages/en-sharing";
import { receivedQuery } from "~/lib/received";
import { addMessages, useText, type MessageId } from "~/lib/text";
import styles from "./sharing.module.css";

addMessages(enConsent, "consent");
addMessages(enShared, "shared");
addMessages(enSharing, "sharing");

export function SharingPage() {
  const t = useText();
  const { patient_id: own } = useMe();
  return (
    <Page title={t("sharing.title")}>
      {own ? <Mine patientId={own} /> : null}
      <WithMe isOwner={own !== null} />
    </Page>
  );
}

function Mine({ patientId }: { patientId: string }) {
  const t = useText();
  const { timezone } = useMe();
  const isOnline = useOnline();
  const permissions = useQuery({ ...permissionsQuery(patientId), select: (all) => all.filter((one) => one.patient_id === patientId) });
  const connections = useQuery(allConnectionsQuery(patientId));
  const consents = useQuery(consentsQuery(patientId));
  const [said, setSaid] = useState("");
  const active = (connections.data ?? []).filter((one) => one.status !== "revoked");
  useLivePatients([patientId]);
  return (
    <>
      <div role="status" className={styles.said}>
        {said ? (
          <Notice tone="ok">
            <p>{said}</p>
          </Notice>
        ) : null}
      </div>
      <Section id="people" title="sharing.people">
        <Answer query={permissions} error="sharing.error">
          {(all) => (
            <People patientId={patientId} zone={timezone} permissions={all} connections={active} isOnline={isOnline} onSaid={setSaid} />
          )}
        </Answer>
      </Section>
      <Link to="/sharing/log" className={styles.log} preload="intent">
        <Icon name="eye" size={28} />
        <span>
          <strong>{t("sharing.log")}</strong>
          <span>{t("sharing.log.text")}</span>
        </span>
        <span className={styles.next}>
          <Icon name="next" />
        </span>
      </Link>
      <Section id="consents" title="sharing.consents">
        <Answer query={consents} error="sharing.consents.error">
          {(all) => <Consents patientId={patientId} consents={all} connections={connections.data ?? []} isOnline={isOnline} onSaid={setSaid} />}
        </Answer>
      </Section>
    </>
  );
}

/** For a patient only when there is something: most have nothing, and nothing is missing then. */
function WithMe({ isOwner }: { isOwner: boolean }) {
  const received = useQuery({ ...receivedQuery(useMe()), refetchOnWindowFocus: "always" });
  if (isOwner && !received.data?.length) return null;
  return (
    <Section id="received" title="sharing.received">
      <Answer query={received} error="sharing.error">
        {(all) => <Received received={all} hasPage={!isOwner} />}
      </Answer>
    </Section>
  );
}

function Section({ id, title, children }: { id: string; title: MessageId; children: ReactNode }) {
  const t = useText();
  return (
    <section className={styles.section} aria-labelledby={id}>
      <h2 id={id}>{t(title)}</h2>
      {children}
    </section>
  );
}

interface AnswerProps<T> {
  query: UseQueryResult<T>;
  error: "sharing.error" | "sharing.consents.error";
  children: (data: T) => ReactNode;
}

/** What was answered, or why not; what is there stays while it is asked again. */
function Answer<T>({ query, error, children }: AnswerProps<T>) {
  const t = useText();
  const problemText = useProblemText();
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (!query.isError) {
    return (
      <Loading>
        <Skeleton height={180} />
      </Loading>
    );
  }
  return (
    <Notice
      tone="warn"
      role="alert"
      title={t(`${error}.title`)}
      actions={
        <Button onPress={() => void query.refetch()} isDisabled={query.isFetching}>
          {t("app.retry")}
        </Button>
      }
    >
      <p>{t(`${error}.text`)}</p>
      <p>{problemText(query.error)}</p>
      <SupportDetails error={query.error} />
    </Notice>
  );
}
