// What is special about a device of somebody else: whose it is, in which zone their day is, what of it is shared,
// and the words when it is not any more.
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { LinkButton } from "~/components/ui/button";
import { Page } from "~/components/ui/page";
import type { Connection } from "~/lib/api-types";
import { useNow } from "~/lib/clock";
import { useKindList } from "~/lib/kind-words";
import { useMe, ZoneContext } from "~/lib/me";
import { enShared } from "~/lib/messages/en-shared";
import { narrowed, receivedQuery, sharersOf } from "~/lib/received";
import { stoppedFor } from "~/lib/stopped";
import { addMessages, useText } from "~/lib/text";
import { StoppedNotices, useStopped, useStoppedText } from "./shared-stopped";
import styles from "./shared.module.css";

addMessages(enShared, "shared");

/** Nothing of the person is shown before it is known whose it is. */
export function SharedDevice({ connection, children }: { connection: Connection; children: (connection: Connection) => ReactNode }) {
  const t = useText();
  const kindList = useKindList();
  const me = useMe();
  const now = useNow();
  const received = useQuery(receivedQuery(me));
  const sharer = sharersOf(received.data ?? [], now).find((one) => one.id === connection.patient_id);
  if (received.isPending) return null;
  if (!sharer) return <>{children(connection)}</>;
  const { name, timezone, kinds } = sharer;
  const others = connection.consent?.data_kinds.filter((kind) => !kinds.includes(kind)) ?? [];
  const values = { name, kinds: kindList(kinds), others: kindList(others) };
  return (
    <ZoneContext value={timezone}>
      <div className={styles.banner}>
        <p className={styles.name}>{t("shared.whose", { name })}</p>
        <p className={styles.muted}>{t(others.length > 0 ? "shared.notOthers" : "shared.kinds", values)}</p>
        {timezone && timezone !== me.timezone ? (
          <p className={styles.muted}>{t("shared.zone", { name, zone: timezone.replaceAll("_", " ") })}</p>
        ) : null}
      </div>
      <StoppedNotices patientId={connection.patient_id} />
      {children(narrowed(connection, kinds))}
    </ZoneContext>
  );
}

/** In place of a device that cannot be shown: who took it back and when, if that happened here, else what is always said. */
export function SharedMissing({ id, children }: { id: string; children: ReactNode }) {
  const t = useText();
  const text = useStoppedText();
  const stopped = stoppedFor(useStopped(), { connectionId: id });
  if (!stopped) return <>{children}</>;
  return (
    <Page title={text(stopped)} tab={t("devices.titleOther")}>
      <p role="status">{t("shared.stopped.text")}</p>
      <div>
        <LinkButton look="primary" to="/devices">
          {t("devices.titleOther")}
        </LinkButton>
      </div>
    </Page>
  );
}
