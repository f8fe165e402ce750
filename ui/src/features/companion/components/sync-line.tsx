// One line about readings on their way from this phone: waiting, how many so far, arrived, or why not and what to do.
import type { ReactNode } from "react";
import { Notice } from "~/components/ui/notice";
import type { SyncState } from "~/lib/health-store/syncs";
import { useOnline } from "~/lib/live";
import { useText, type MessageId } from "~/lib/text";
import styles from "./companion.module.css";

const TROUBLE: Record<string, [MessageId, MessageId]> = {
  network: ["companion.sync.silent.title", "companion.sync.silent.text"],
  store: ["companion.sync.store.title", "companion.sync.store.text"],
  consent_required: ["companion.sync.consent.title", "companion.sync.consent.text"],
  consent_missing: ["companion.sync.consent.title", "companion.sync.consent.text"],
  consent_revoked: ["companion.sync.consent.title", "companion.sync.consent.text"],
  kind_not_consented: ["companion.sync.consent.title", "companion.sync.consent.text"],
};
const OTHERWISE: [MessageId, MessageId] = ["companion.sync.later.title", "companion.sync.later.text"];

export function SyncLine({ state, again }: { state: SyncState; again?: ReactNode }) {
  const t = useText();
  const isOnline = useOnline();
  if (state.phase === "trouble") {
    const [title, text] = TROUBLE[state.code] ?? OTHERWISE;
    return (
      <Notice tone="warn" role="alert" icon={isOnline ? undefined : "offline"} title={t(isOnline ? title : "companion.sync.silent.title")} actions={again}>
        <p>{t(isOnline ? text : "companion.offline")}</p>
      </Notice>
    );
  }
  return (
    <p className={styles.muted} role="status">
      {state.phase === "waiting" ? t("companion.sync.waiting") : null}
      {state.phase === "running" ? t("companion.sync.running", { count: state.sent.accepted }) : null}
      {state.phase === "done" ? t("companion.sync.done", { count: state.sent.accepted }) : null}
    </p>
  );
}
