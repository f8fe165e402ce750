// "I don't know this person": what they can see now, how to end it, and whom to tell. No blame, and no dead end.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "~/components/ui/button";
import { Modal } from "~/components/ui/modal";
import { Notice, useProblemText } from "~/components/ui/notice";
import { Loading, Skeleton } from "~/components/ui/skeleton";
import { useIntl } from "react-intl";
import type { AuditEvent } from "~/lib/api-types";
import { permissionsQuery } from "~/lib/consent";
import { useNow } from "~/lib/clock";
import { useKindList } from "~/lib/kind-words";
import { useMe } from "~/lib/me";
import { holds } from "~/lib/received";
import { useText } from "~/lib/text";
import { useStopAll } from "../api/stop";
import styles from "./log.module.css";

export function UnknownPerson({ patientId, event, onClose }: { patientId: string; event: AuditEvent; onClose: () => void }) {
  const t = useText();
  const { name, role } = event.actor;
  return (
    <Modal isOpen title={t("log.unknown.title", { name })} onClose={onClose} footer={<Button onPress={onClose}>{t("app.close")}</Button>}>
      {role === "admin" ? <p>{t("log.unknown.admin")}</p> : <Access patientId={patientId} event={event} />}
      {event.outcome === "allowed" ? null : <p>{t("log.unknown.refused")}</p>}
      <section className={styles.part}>
        <h3>{t("log.unknown.next")}</h3>
        <ul className={styles.steps}>
          <li>{t("log.unknown.ask")}</li>
          <li>{t("log.unknown.report")}</li>
        </ul>
        <ForSupport event={event} />
      </section>
    </Modal>
  );
}

/** What is shared with them now, and the way to end it here. */
function Access({ patientId, event }: { patientId: string; event: AuditEvent }) {
  const t = useText();
  const intl = useIntl();
  const kindList = useKindList();
  const problemText = useProblemText();
  const { timezone } = useMe();
  const now = useNow();
  const { id, name } = event.actor;
  const permissions = useQuery(permissionsQuery(patientId));
  const stop = useStopAll(patientId);
  const grants = (permissions.data ?? []).filter((one) => one.grantee === id && one.patient_id === patientId && holds(one, now));
  if (stop.isSuccess) return <p role="status">{t("log.unknown.stopped", { name })}</p>;
  if (permissions.isPending) {
    return (
      <Loading>
        <Skeleton height={80} />
      </Loading>
    );
  }
  if (permissions.isError) return <p role="alert">{problemText(permissions.error)}</p>;
  if (grants.length === 0) return <p>{t("log.unknown.notShared", { name })}</p>;
  const kinds = kindList(grants.flatMap((one) => one.data_kinds));
  const since = grants.map((one) => one.created_at).sort()[0]!;
  const day = intl.formatDate(since, { dateStyle: "long", timeZone: timezone });
  return (
    <Notice
      tone="warn"
      actions={
        <Button look="danger" onPress={() => stop.mutate(grants)} isDisabled={stop.isPending}>
          {t("log.unknown.stop", { name })}
        </Button>
      }
    >
      <p>{t("log.unknown.shared", { name, kinds, day })}</p>
      {stop.isError ? <p role="alert">{problemText(stop.error)}</p> : null}
    </Notice>
  );
}

/** An id and a time: enough for who runs this to find the account, nothing of what was measured. */
function ForSupport({ event }: { event: AuditEvent }) {
  const t = useText();
  const [isCopied, setCopied] = useState(false);
  const text = t("log.unknown.support", { id: event.actor.id, at: event.at });
  return (
    <>
      <code className={styles.support}>{text}</code>
      <div className={styles.copy}>
        <Button onPress={() => void navigator.clipboard.writeText(text).then(() => setCopied(true))}>{t("log.unknown.copy")}</Button>
        <span role="status">{isCopied ? t("log.unknown.copied") : null}</span>
      </div>
    </>
  );
}
