// The phone finishes the pairing: a code for its camera, the same as a link and as letters, and what it did, live.
import { useQuery } from "@tanstack/react-query";
import { Navigate } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useState } from "react";
import { AnchorButton, Button } from "~/components/ui/button";
import { Icon } from "~/components/ui/icon";
import { Notice } from "~/components/ui/notice";
import { Loading, Skeleton } from "~/components/ui/skeleton";
import type { PairStarted } from "~/lib/api-types";
import { useOnline } from "~/lib/live";
import { codeOf } from "~/lib/problem";
import { useText } from "~/lib/text";
import { pairingQuery, pairStartQuery } from "../api/pairing";
import { phoneView, renews, secondsLeft, type PhoneView } from "../phone-view";
import { useSecond } from "../use-second";
import type { ConnectProps } from "./connect-step";
import styles from "./phone-step.module.css";
import { CONSENT_FAULTS, Refused } from "./refused";
import { StepFrame } from "./step-frame";
import shared from "./steps.module.css";

const QrPicture = lazy(() => import("./qr-picture"));
const PICTURE_PX = 232;
/** The ways whose person acts on the phone. */
type OnPhone = "companion_app" | "healthkit" | "health_connect";

export function PhoneStep(props: ConnectProps) {
  const { connection, wizard, onEvent } = props;
  const t = useText();
  const now = useSecond();
  const isOnline = useOnline();
  const [attempt, setAttempt] = useState(0);
  const isConnected = connection.status === "connected";
  const start = useQuery({ ...pairStartQuery(connection.id, attempt), enabled: !isConnected });
  const progress = useQuery(pairingQuery(connection.id, start.isSuccess && !isConnected));
  const view = phoneView({ status: connection.status, progress: progress.data?.state, expiresAt: start.data?.expires_at, now });

  const expiresAt = start.data?.expires_at;
  useEffect(() => {
    if (expiresAt === undefined || isConnected) return;
    const timer = setTimeout(
      () => {
        if (navigator.onLine && renews(attempt, document.visibilityState === "visible")) setAttempt(attempt + 1);
      },
      Date.parse(expiresAt) - Date.now(),
    );
    return () => clearTimeout(timer);
  }, [expiresAt, attempt, isConnected]);

  if (view === "done") return <Arrived {...props} />;
  // In the app this is the phone already: nobody needs a picture for its camera.
  if (import.meta.env.VITE_APP && start.data) return <Navigate to="/app/pair" search={{ token: start.data.pairing_token }} replace />;
  const needsConsent = start.error !== null && CONSENT_FAULTS.has(codeOf(start.error));
  const again = () => setAttempt((count) => count + 1);
  return (
    <StepFrame
      wizard={wizard}
      onEvent={onEvent}
      title={t("pair.phone.title")}
      actions={start.data?.companion && view !== "old" ? <OpenHere link={start.data.companion.deep_link} /> : undefined}
    >
      {start.error ? (
        <Refused
          error={start.error}
          onAgain={() => (needsConsent ? onEvent({ type: "consentMissing" }) : again())}
          again={t(needsConsent ? "pair.consent.open" : "app.retry")}
        />
      ) : null}
      {view === "loading" && !start.error ? (
        <Loading>
          <Skeleton height={PICTURE_PX} />
        </Loading>
      ) : null}
      {view === "old" ? (
        <Notice tone="info" role="status" title={t("pair.phone.old.title")} actions={<Button look="primary" onPress={again}>{t("pair.phone.old.action")}</Button>}>
          <p>{t("pair.phone.old.text")}</p>
        </Notice>
      ) : null}
      {start.data && (view === "code" || view === "ending") ? (
        <>
          <Code started={start.data} way={connection.pairing_method as OnPhone} />
          <Waiting view={view} isOnline={isOnline} seconds={secondsLeft(start.data.expires_at, now)} isRenewed={attempt > 0} />
        </>
      ) : null}
    </StepFrame>
  );
}

/** Where a finger is the pointer, this page is likely on the phone itself. */
function OpenHere({ link }: { link: string }) {
  const t = useText();
  const isPhone = globalThis.matchMedia("(pointer: coarse)").matches;
  return (
    <AnchorButton look={isPhone ? "primary" : "secondary"} href={link}>
      {t("pair.phone.link")}
    </AnchorButton>
  );
}

function Code({ started, way }: { started: PairStarted; way: OnPhone }) {
  const t = useText();
  return (
    <>
      <div className={styles.code}>
        {started.qr ? (
          <Suspense fallback={<Skeleton height={PICTURE_PX} />}>
            <QrPicture payload={started.qr.payload} size={PICTURE_PX} title={t("pair.phone.picture")} />
          </Suspense>
        ) : null}
      </div>
      <ol className={shared.numbered}>
        <li>{t("pair.phone.scan")}</li>
        <li>{t("pair.phone.open")}</li>
        <li>{t(`pair.phone.${way}`)}</li>
      </ol>
      <details className={shared.fold}>
        <summary>{t("pair.phone.other")}</summary>
        <p>{t("pair.phone.type")}</p>
        <code className={shared.command} dir="ltr">
          {started.pairing_token}
        </code>
      </details>
      <p className={shared.muted}>{t("pair.phone.app")}</p>
      <p className={shared.muted}>{t("pair.phone.privacy")}</p>
    </>
  );
}

/** The seconds are for the eyes; a screen reader hears once that the code is about to change. */
function Waiting({ view, isOnline, seconds, isRenewed }: { view: PhoneView; isOnline: boolean; seconds: number; isRenewed: boolean }) {
  const t = useText();
  const isEnding = view === "ending";
  return (
    <Notice tone="info" icon={isOnline ? "turn" : "offline"}>
      <div role="status">
        <p>{t(isOnline ? "pair.phone.waiting" : "pair.phone.offline")}</p>
        {isRenewed && !isEnding ? <p>{t("pair.phone.renewed")}</p> : null}
        {isEnding ? <p className="visually-hidden">{t("pair.phone.ending")}</p> : null}
      </div>
      {isEnding ? <p aria-hidden="true">{t("pair.phone.seconds", { seconds })}</p> : null}
    </Notice>
  );
}

function Arrived({ wizard, onEvent, connection }: ConnectProps) {
  const t = useText();
  return (
    <StepFrame
      wizard={wizard}
      onEvent={onEvent}
      title={t("pair.phone.done.title")}
      actions={
        <Button look="primary" onPress={() => onEvent({ type: "completed", connection: connection.id, since: Math.floor(Date.now() / 1000) })}>
          {t("pair.vendor.done.next")}
        </Button>
      }
    >
      <div className={shared.picture} role="status">
        <span className={shared.done}>
          <Icon name="check" size={48} />
        </span>
        <p>{t(`pair.phone.done.${connection.pairing_method as OnPhone}`)}</p>
      </div>
    </StepFrame>
  );
}
