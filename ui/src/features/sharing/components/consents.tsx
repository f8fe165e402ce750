// What each device may send: agreed when, to which text; to read, to print, to stop, to agree to again.
import { lazy, Suspense } from "react";
import { Button } from "~/components/ui/button";
import { useOpen } from "~/components/ui/use-open";
import type { Connection, Consent } from "~/lib/api-types";
import { useText } from "~/lib/text";
import { useWithdraw } from "../api/consents";
import { agreementsOf, type Agreements } from "../view";
import { useMomentText } from "./day-text";
import { KindChips } from "./kind-chips";
import styles from "./sharing.module.css";

const ConsentRecord = lazy(() => import("./consent-record"));
const AgreeAgain = lazy(() => import("./agree-again"));
const StopDialog = lazy(() => import("./stop-dialog"));

interface ConsentsProps {
  patientId: string;
  consents: readonly Consent[];
  connections: readonly Connection[];
  isOnline: boolean;
  onSaid: (said: string) => void;
}

type Open = { type: "read"; consent: Consent; name: string } | { type: "stop"; consent: Consent; name: string } | { type: "again"; connection: Connection };

export function Consents({ patientId, consents, connections, isOnline, onSaid }: ConsentsProps) {
  const t = useText();
  const [open, setOpen, close] = useOpen<Open>();
  const done = (said: string) => {
    close();
    onSaid(said);
  };
  if (consents.length === 0) return <p className={styles.muted}>{t("sharing.consents.none")}</p>;
  return (
    <>
      <ul className={styles.list}>
        {agreementsOf(consents, connections).map((one) => (
          <Agreement key={one.connectionId} agreements={one} isOnline={isOnline} onOpen={setOpen} />
        ))}
      </ul>
      <Suspense>
        {open?.type === "read" ? <ConsentRecord consent={open.consent} name={open.name} onClose={close} /> : null}
        {open?.type === "stop" ? (
          <Withdraw
            patientId={patientId}
            consent={open.consent}
            name={open.name}
            onClose={close}
            onDone={() => done(t("sharing.said.withdrawn", { device: open.name }))}
          />
        ) : null}
        {open?.type === "again" ? (
          <AgreeAgain connection={open.connection} onClose={close} onDone={() => done(t("sharing.said.agreed", { device: open.connection.name }))} />
        ) : null}
      </Suspense>
    </>
  );
}

interface AgreementProps {
  agreements: Agreements;
  isOnline: boolean;
  onOpen: (open: Open) => void;
}

function Agreement({ agreements: { connection, active, ended }, isOnline, onOpen }: AgreementProps) {
  const t = useText();
  const name = connection?.name ?? t("sharing.consents.removed");
  const mayAgain = !active && connection && connection.status !== "revoked" && connection.status !== "pairing";
  return (
    <li className={styles.card}>
      <h3 className={styles.name}>{name}</h3>
      {active ? (
        <>
          <KindChips label={t("devices.kinds")} kinds={active.data_kinds} />
          <When consent={active} />
        </>
      ) : (
        <p>{t("sharing.consents.stopped")}</p>
      )}
      <div className={styles.actions}>
        {active ? (
          <>
            <Button aria-label={t("sharing.consents.readOf", { device: name })} onPress={() => onOpen({ type: "read", consent: active, name })}>
              {t("sharing.consents.read")}
            </Button>
            <Button
              look="danger"
              aria-label={t("sharing.consents.stopOf", { device: name })}
              isDisabled={!isOnline}
              onPress={() => onOpen({ type: "stop", consent: active, name })}
            >
              {t("sharing.consents.stop")}
            </Button>
          </>
        ) : null}
        {mayAgain ? (
          <Button
            aria-label={t("sharing.consents.againOf", { device: name })}
            isDisabled={!isOnline}
            onPress={() => onOpen({ type: "again", connection })}
          >
            {t("sharing.consents.again")}
          </Button>
        ) : null}
      </div>
      {ended.length > 0 ? (
        <details className={styles.more}>
          <summary>{t("sharing.consents.earlier", { count: ended.length })}</summary>
          <ul className={styles.rows}>
            {ended.map((consent) => (
              <li key={consent.id} className={styles.row}>
                <When consent={consent} />
                <Button
                  look="quiet"
                  aria-label={t("sharing.consents.readOf", { device: name })}
                  onPress={() => onOpen({ type: "read", consent, name })}
                >
                  {t("sharing.consents.read")}
                </Button>
              </li>
            ))}
          </ul>
        </details>
      ) : null}
    </li>
  );
}

function When({ consent: { given_at, revoked_at, version } }: { consent: Consent }) {
  const t = useText();
  const moment = useMomentText();
  return (
    <p className={styles.muted}>
      {revoked_at
        ? t("sharing.consents.ended", { when: moment(given_at), ended: moment(revoked_at) })
        : t("sharing.consents.given", { when: moment(given_at) })}
      {" · "}
      {t("sharing.consents.version", { version })}
    </p>
  );
}

interface WithdrawProps {
  patientId: string;
  consent: Consent;
  name: string;
  onClose: () => void;
  onDone: () => void;
}

function Withdraw({ patientId, consent, name, onClose, onDone }: WithdrawProps) {
  const t = useText();
  const withdraw = useWithdraw(patientId);
  return (
    <StopDialog
      title={t("sharing.withdraw.title", { device: name })}
      ends={t("sharing.withdraw.ends.text", { device: name })}
      stays={t("sharing.withdraw.stays.text")}
      yes={t("sharing.withdraw.yes")}
      no={t("sharing.withdraw.no")}
      isPending={withdraw.isPending}
      error={withdraw.error}
      onYes={() => withdraw.mutate(consent.id, { onSuccess: onDone })}
      onClose={onClose}
    />
  );
}
