// Let's find it. A token is fetched when the step opens; a hub searches and the person chooses, a made-up device just joins.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "~/components/ui/button";
import { DevicePicture } from "~/components/ui/icon";
import type { Connection, Me } from "~/lib/api-types";
import { codeOf } from "~/lib/problem";
import { useText } from "~/lib/text";
import { pairStartQuery, useCompletePairing } from "../api/pairing";
import { BluetoothStep } from "./bluetooth-step";
import { HubSearch } from "./hub-search";
import { PhoneStep } from "./phone-step";
import { CONSENT_FAULTS, Refused } from "./refused";
import { StepFrame, type StepProps } from "./step-frame";
import { VendorStep } from "./vendor-step";
import styles from "./steps.module.css";

export type ConnectProps = StepProps & { me: Me; connection: Connection };

export function ConnectStep(props: ConnectProps) {
  switch (props.connection.pairing_method) {
    case "vendor_oauth":
      return <VendorStep {...props} />;
    case "web_bluetooth":
      return <BluetoothStep {...props} />;
    case "companion_app":
    case "healthkit":
    case "health_connect":
      return <PhoneStep {...props} />;
    default:
      return <JoinStep {...props} />;
  }
}

function JoinStep({ wizard, onEvent, me, connection }: ConnectProps) {
  const t = useText();
  const [attempt, setAttempt] = useState(0);
  const start = useQuery(pairStartQuery(connection.id, attempt));
  const complete = useCompletePairing(me);
  const error = complete.error ?? start.error;

  const again = () => {
    complete.reset();
    setAttempt((count) => count + 1);
  };
  const join = (deviceId: string) => {
    if (!start.data) return;
    complete.mutate(
      { pairing_token: start.data.pairing_token, device_id: deviceId },
      {
        onSuccess: (done) => onEvent({ type: "completed", connection: done.connection.id, since: Math.floor(Date.now() / 1000) }),
        onError: (fault) => (CONSENT_FAULTS.has(codeOf(fault)) ? onEvent({ type: "consentMissing" }) : undefined),
      },
    );
  };

  return (
    <StepFrame
      wizard={wizard}
      onEvent={onEvent}
      title={t("pair.connect.title")}
      actions={
        !error && connection.pairing_method === "simulated" ? (
          <Button look="primary" onPress={() => join(`sim-${crypto.randomUUID().slice(0, 8)}`)} isDisabled={!start.data || complete.isPending}>
            {t(complete.isPending ? "pair.connect.joining" : "pair.connect.simulated.action")}
          </Button>
        ) : undefined
      }
    >
      {error ? <Refused error={error} onAgain={again} /> : null}
      {!error && connection.pairing_method === "simulated" ? (
        <div className={styles.picture}>
          <DevicePicture type={connection.device_type} size={112} />
          <p>{t("pair.connect.simulated.text", { name: connection.name })}</p>
        </div>
      ) : null}
      {!error && connection.pairing_method === "hub" ? (
        <HubSearch
          key={attempt}
          connection={connection}
          isStarted={start.isSuccess}
          isJoining={complete.isPending}
          attempt={attempt}
          onChoose={join}
          onAgain={again}
        />
      ) : null}
    </StepFrame>
  );
}
