// Signing in at the maker: where the person goes and what waits there. When it is not possible, the next best way.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Button, LinkButton } from "~/components/ui/button";
import { Icon } from "~/components/ui/icon";
import { Notice, SupportDetails, useProblemText } from "~/components/ui/notice";
import { Loading, Skeleton } from "~/components/ui/skeleton";
import type { Connection, Me } from "~/lib/api-types";
import { modelQuery } from "~/lib/models";
import { codeOf } from "~/lib/problem";
import { useSession } from "~/lib/session-context";
import { useText } from "~/lib/text";
import { pairStartQuery } from "../api/pairing";
import { waysOf, type Way } from "../wizard";
import { NextBestButton, useNextBest } from "./next-best";
import { CONSENT_FAULTS, Refused } from "./refused";
import { StepFrame, type StepProps } from "./step-frame";
import styles from "./steps.module.css";

type VendorProps = StepProps & { me: Me; connection: Connection };

export function VendorStep(props: VendorProps) {
  return props.connection.status === "connected" ? <Arrived {...props} /> : <Leaving {...props} />;
}

function Leaving({ wizard, onEvent, me, connection }: VendorProps) {
  const t = useText();
  const session = useSession();
  const model = useQuery(modelQuery(connection.device_model_id));
  const [attempt, setAttempt] = useState(0);
  const start = useQuery(pairStartQuery(connection.id, attempt));
  const [isGoing, setGoing] = useState(false);
  const code = start.error ? codeOf(start.error) : null;

  const go = async () => {
    setGoing(true);
    const isOld = start.data && Date.parse(start.data.expires_at) <= Date.now();
    const { data } = isOld ? await start.refetch() : start;
    if (data?.oauth) session.leave(data.oauth.authorize_url);
    else setGoing(false);
  };

  const vendor = model.data?.vendor_name ?? "";
  const isAway = code === "unavailable";
  const needsConsent = code !== null && CONSENT_FAULTS.has(code);
  return (
    <StepFrame
      wizard={wizard}
      onEvent={onEvent}
      title={vendor ? t("pair.vendor.title", { vendor }) : t("method.vendor_oauth")}
      actions={
        model.data && !start.error ? (
          <Button look="primary" onPress={() => void go()} isDisabled={!start.data?.oauth || isGoing}>
            {t("pair.vendor.action", { vendor })}
            <Icon name="next" />
          </Button>
        ) : undefined
      }
    >
      {model.data ? null : (
        <Loading>
          <Skeleton height={120} />
        </Loading>
      )}
      {model.data && isAway ? (
        <Away vendor={vendor} ways={waysOf(model.data.pairing_methods, me.env)} me={me} connection={connection} onEvent={onEvent} error={start.error} />
      ) : null}
      {start.error && !isAway ? (
        <Refused
          error={start.error}
          onAgain={() => (needsConsent ? onEvent({ type: "consentMissing" }) : setAttempt((count) => count + 1))}
          again={t(needsConsent ? "pair.consent.open" : "app.retry")}
        />
      ) : null}
      {model.data && !start.error ? (
        <div className={styles.picture}>
          <Icon name="cloud" size={72} />
          <p>{t("pair.vendor.text", { vendor })}</p>
          <p className={styles.muted}>{t("pair.vendor.password", { vendor })}</p>
        </div>
      ) : null}
    </StepFrame>
  );
}

interface AwayProps {
  vendor: string;
  /** All that this device has here, best first. */
  ways: Way[];
  me: Me;
  connection: Connection;
  onEvent: StepProps["onEvent"];
  error: unknown;
}

function Away({ vendor, ways, me, connection, onEvent, error }: AwayProps) {
  const t = useText();
  const problemText = useProblemText();
  const best = useNextBest(ways, me, connection, onEvent);
  const { way } = best;
  return (
    <Notice
      tone="warn"
      role="alert"
      title={t("pair.vendor.away.title", { vendor })}
      actions={<NextBestButton best={best} />}
    >
      <p>{t(way ? "pair.vendor.away.text" : "pair.vendor.away.only")}</p>
      {way ? <p>{t(`method.${way}.text`)}</p> : null}
      {best.error ? <p>{problemText(best.error)}</p> : null}
      <SupportDetails error={best.error ?? error} />
    </Notice>
  );
}

/** Back here after the maker's page, or by the browser's own way back. */
function Arrived({ wizard, onEvent, connection }: VendorProps) {
  const t = useText();
  return (
    <StepFrame
      wizard={wizard}
      onEvent={onEvent}
      title={t("pair.vendor.done.title", { vendor: connection.name })}
      actions={
        <>
          <Button
            look="primary"
            onPress={() => onEvent({ type: "completed", connection: connection.id, since: Math.floor(Date.now() / 1000) })}
          >
            {t("pair.vendor.done.next")}
          </Button>
          <LinkButton to="/devices/$id" params={{ id: connection.id }}>
            {t("pair.done.see")}
          </LinkButton>
        </>
      }
    >
      <div className={styles.picture}>
        <span className={styles.done}>
          <Icon name="check" size={48} />
        </span>
        <p>{t("pair.vendor.done.text")}</p>
      </div>
    </StepFrame>
  );
}
