// The people who see something, each with what and until when; changing and stopping open a dialog.
import { lazy, Suspense } from "react";
import { useIntl } from "react-intl";
import { Badge } from "~/components/ui/badge";
import { Button } from "~/components/ui/button";
import { Icon } from "~/components/ui/icon";
import { useOpen } from "~/components/ui/use-open";
import type { Connection, Grantee, Permission } from "~/lib/api-types";
import { useNow } from "~/lib/clock";
import { useKindList } from "~/lib/kind-words";
import { useText } from "~/lib/text";
import { useTakeBack } from "../api/permissions";
import { grantedOf, sourcesOf } from "../view";
import { lastMoment, useDayText } from "./day-text";
import { KindChips } from "./kind-chips";
import styles from "./sharing.module.css";

const ShareDialog = lazy(() => import("./share-dialog"));
const ChangeDialog = lazy(() => import("./change-dialog"));
const StopDialog = lazy(() => import("./stop-dialog"));

interface PeopleProps {
  patientId: string;
  zone: string;
  permissions: readonly Permission[];
  connections: readonly Connection[];
  isOnline: boolean;
  onSaid: (said: string) => void;
}

type Open = { type: "share"; known: Grantee | null } | { type: "change" | "stop"; grant: Permission };

export function People({ patientId, zone, permissions, connections, isOnline, onSaid }: PeopleProps) {
  const t = useText();
  const kindList = useKindList();
  const { now, past } = grantedOf(permissions, useNow());
  const [open, setOpen, close] = useOpen<Open>();
  const done = (said: "shared" | "changed") => (grant: Permission) => {
    close();
    onSaid(t(`sharing.said.${said}`, { name: grant.display_name, kinds: kindList(grant.data_kinds) }));
  };
  return (
    <>
      {now.length === 0 ? <Nobody /> : null}
      <ul className={styles.list}>
        {now.map((grant) => (
          <Person
            key={grant.id}
            grant={grant}
            connections={connections}
            isOnline={isOnline}
            onChange={() => setOpen({ type: "change", grant })}
            onStop={() => setOpen({ type: "stop", grant })}
          />
        ))}
      </ul>
      <div className={styles.add}>
        {isOnline ? (
          <Button look="primary" onPress={() => setOpen({ type: "share", known: null })}>
            <Icon name="plus" />
            {t("sharing.add")}
          </Button>
        ) : (
          <p className={styles.muted}>{t("sharing.offline")}</p>
        )}
      </div>
      {past.length > 0 ? (
        <Past past={past} isOnline={isOnline} onAgain={(known) => setOpen({ type: "share", known })} patientId={patientId} />
      ) : null}
      <Suspense>
        {open?.type === "share" ? (
          <ShareDialog
            patientId={patientId}
            zone={zone}
            connections={connections}
            known={open.known}
            onClose={close}
            onShared={done("shared")}
          />
        ) : null}
        {open?.type === "change" ? (
          <ChangeDialog grant={open.grant} zone={zone} connections={connections} onClose={close} onChanged={done("changed")} />
        ) : null}
        {open?.type === "stop" ? (
          <Stop
            grant={open.grant}
            onClose={close}
            onStopped={() => {
              close();
              onSaid(t("sharing.said.stopped", { name: open.grant.display_name }));
            }}
          />
        ) : null}
      </Suspense>
    </>
  );
}

function Nobody() {
  const t = useText();
  return (
    <div className={styles.empty}>
      <Icon name="lock" size={40} />
      <h3>{t("sharing.people.none")}</h3>
      <p>{t("sharing.people.none.text")}</p>
    </div>
  );
}

interface PersonProps {
  grant: Permission;
  connections: readonly Connection[];
  isOnline: boolean;
  onChange: () => void;
  onStop: () => void;
}

function Person({ grant, connections, isOnline, onChange, onStop }: PersonProps) {
  const t = useText();
  const intl = useIntl();
  const dayText = useDayText();
  const { display_name: name, data_kinds: kinds, until } = grant;
  const devices = sourcesOf(kinds, connections);
  return (
    <li className={styles.card}>
      <div className={styles.head}>
        <h3 className={styles.name}>{name}</h3>
        <Badge icon="people" tint="neutral">
          {t(`sharing.role.${grant.role}`)}
        </Badge>
      </div>
      <KindChips label={t("sharing.sees")} kinds={kinds} />
      <p className={styles.muted}>
        {devices.length > 0 ? t("sharing.from", { devices: intl.formatList(devices) }) : t("sharing.fromNone")}
      </p>
      <div className={styles.foot}>
        <p>
          <strong>{until ? t("sharing.until", { day: dayText(lastMoment(until)) }) : t("sharing.always")}</strong>
          <span className={styles.muted}> · {t("sharing.since", { day: dayText(Date.parse(grant.created_at)) })}</span>
        </p>
        <div className={styles.actions}>
          <Button aria-label={t("sharing.changeOf", { name })} onPress={onChange} isDisabled={!isOnline}>
            {t("sharing.change")}
          </Button>
          <Button look="danger" aria-label={t("sharing.stopOf", { name })} onPress={onStop} isDisabled={!isOnline}>
            {t("sharing.stop")}
          </Button>
        </div>
      </div>
    </li>
  );
}

interface PastProps {
  patientId: string;
  past: readonly Permission[];
  isOnline: boolean;
  onAgain: (known: Grantee) => void;
}

function Past({ patientId, past, isOnline, onAgain }: PastProps) {
  const t = useText();
  const dayText = useDayText();
  const take = useTakeBack(patientId);
  return (
    <details className={styles.more}>
      <summary>{t("sharing.past", { count: past.length })}</summary>
      <ul className={styles.rows}>
        {past.map((grant) => (
          <li key={grant.id} className={styles.row}>
            <div>
              <p className={styles.name}>{grant.display_name}</p>
              <p className={styles.muted}>{grant.until ? t("sharing.ended", { day: dayText(lastMoment(grant.until)) }) : null}</p>
            </div>
            <div className={styles.actions}>
              <Button
                aria-label={t("sharing.againOf", { name: grant.display_name })}
                isDisabled={!isOnline}
                onPress={() => onAgain({ id: grant.grantee, display_name: grant.display_name, role: grant.role })}
              >
                {t("sharing.again")}
              </Button>
              <Button
                look="quiet"
                aria-label={t("sharing.takeOf", { name: grant.display_name })}
                isDisabled={!isOnline || take.isPending}
                onPress={() => take.mutate(grant)}
              >
                {t("sharing.take")}
              </Button>
            </div>
          </li>
        ))}
      </ul>
    </details>
  );
}

function Stop({ grant, onClose, onStopped }: { grant: Permission; onClose: () => void; onStopped: () => void }) {
  const t = useText();
  const kindList = useKindList();
  const take = useTakeBack(grant.patient_id);
  const name = grant.display_name;
  return (
    <StopDialog
      title={t("sharing.stop.title", { name })}
      ends={t("sharing.stop.ends.text", { name, kinds: kindList(grant.data_kinds) })}
      stays={t("sharing.stop.stays.text", { name })}
      yes={t("sharing.stop.yes")}
      no={t("sharing.stop.no")}
      isPending={take.isPending}
      error={take.error}
      onYes={() => take.mutate(grant, { onSuccess: onStopped })}
      onClose={onClose}
    />
  );
}
