// Connecting over this browser's own Bluetooth. Where that is not possible it says why in one sentence, and what else works.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "~/components/ui/button";
import { Icon } from "~/components/ui/icon";
import { Notice } from "~/components/ui/notice";
import { Loading, Skeleton } from "~/components/ui/skeleton";
import { LinkPanel } from "~/components/bluetooth/link-panel";
import { sendsFor, useBluetooth } from "~/lib/bluetooth/session";
import { deviceIdOf, wantedOf } from "~/lib/bluetooth/wanted";
import { modelQuery } from "~/lib/models";
import { codeOf } from "~/lib/problem";
import { useText } from "~/lib/text";
import { whyNotQuery } from "~/lib/bluetooth/why-not";
import { pairStartQuery, useCompletePairing } from "../api/pairing";
import { waysOf } from "../wizard";
import type { ConnectProps } from "./connect-step";
import { NextBestButton, useNextBest } from "./next-best";
import { CONSENT_FAULTS, Refused } from "./refused";
import { StepFrame } from "./step-frame";

/** From so many silent tries on, another way is offered beside. */
const GIVE_UP = 2;

export function BluetoothStep({ wizard, onEvent, me, connection }: ConnectProps) {
  const t = useText();
  const { session, link, sending } = useBluetooth(me, connection.id);
  const whyNot = useQuery(whyNotQuery(session.room));
  const model = useQuery(modelQuery(connection.device_model_id));
  const [attempt, setAttempt] = useState(0);
  const [silent, setSilent] = useState(0);
  const start = useQuery(pairStartQuery(connection.id, attempt));
  const complete = useCompletePairing(me);
  const best = useNextBest(model.data ? waysOf(model.data.pairing_methods, me.env) : [], me, connection, onEvent);
  const error = complete.error ?? start.error ?? best.error;
  const isBusy = link.phase === "choosing" || link.phase === "connecting" || link.phase === "checking" || complete.isPending;

  const search = async () => {
    if (!start.data?.web_bluetooth) return;
    sendsFor(session, connection.id);
    const isJoined = await session.link.choose(wantedOf(start.data.web_bluetooth));
    const now = session.link.state();
    setSilent((count) => (now.fault === "silent" ? count + 1 : 0));
    if (!isJoined || now.deviceId === null) return;
    complete.mutate(
      { pairing_token: start.data.pairing_token, device_id: deviceIdOf(now.deviceId), ...(now.firmware ? { firmware: now.firmware } : {}) },
      {
        onSuccess: (done) => {
          // It may be one that was known before, under its old number.
          sendsFor(session, done.connection.id, true);
          onEvent({ type: "completed", connection: done.connection.id, since: Math.floor(Date.now() / 1000) });
        },
        onError: (fault) => (CONSENT_FAULTS.has(codeOf(fault)) ? onEvent({ type: "consentMissing" }) : undefined),
      },
    );
  };

  if (whyNot.data) {
    return (
      <StepFrame wizard={wizard} onEvent={onEvent} title={t("pair.connect.title")}>
        <Notice
          tone="info"
          icon="bluetooth"
          role="status"
          title={t("bluetooth.why.title")}
          actions={
            <>
              {model.data ? <NextBestButton best={best} /> : null}
              <Button onPress={() => void whyNot.refetch()}>{t("bluetooth.why.look")}</Button>
            </>
          }
        >
          <p>{t(`bluetooth.why.${whyNot.data}`)}</p>
        </Notice>
      </StepFrame>
    );
  }
  return (
    <StepFrame
      wizard={wizard}
      onEvent={onEvent}
      title={t("pair.connect.title")}
      actions={
        error ? undefined : (
          <>
            <Button look="primary" onPress={() => void search()} isDisabled={!start.data || isBusy}>
              <Icon name="search" />
              {t(complete.isPending ? "pair.connect.joining" : link.fault ? "bluetooth.searchAgain" : "bluetooth.search")}
            </Button>
            {silent > GIVE_UP && best.way ? <NextBestButton best={best} look="secondary" /> : null}
          </>
        )
      }
    >
      {error ? (
        <Refused
          error={error}
          onAgain={() => {
            complete.reset();
            setAttempt((count) => count + 1);
          }}
          again={t("app.retry")}
        />
      ) : null}
      {whyNot.isPending ? (
        <Loading>
          <Skeleton height={120} />
        </Loading>
      ) : null}
      {!whyNot.isPending && !error ? <LinkPanel connection={connection} link={link} sending={sending} silent={silent} /> : null}
    </StepFrame>
  );
}
