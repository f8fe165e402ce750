// May it share readings? The dialog asks; this page holds the answer.
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { useIntl } from "react-intl";
import { Button } from "~/components/ui/button";
import { Notice } from "~/components/ui/notice";
import { Loading, Skeleton } from "~/components/ui/skeleton";
import type { Connection, Me } from "~/lib/api-types";
import { useRefreshConnections } from "~/lib/connections";
import { modelQuery } from "~/lib/models";
import { useText } from "~/lib/text";
import { wordsAreHere } from "~/lib/words";
import { StepFrame, type StepProps } from "./step-frame";

/** A dialog is a large part of this page, and this step alone has one. */
const ConsentModal = lazy(() => wordsAreHere(import("./consent-modal")));

export function ConsentStep({ wizard, onEvent, me, connection }: StepProps & { me: Me; connection: Connection }) {
  const t = useText();
  const intl = useIntl();
  const model = useQuery(modelQuery(connection.device_model_id));
  const refresh = useRefreshConnections(me);
  const { consent } = connection;
  const [isOpen, setOpen] = useState(consent === null);
  const [isDeclined, setDeclined] = useState(false);

  const given = () => {
    setOpen(false);
    refresh();
    onEvent({ type: "consented" });
  };
  const notNow = () => {
    setOpen(false);
    setDeclined(consent === null);
  };

  return (
    <StepFrame
      wizard={wizard}
      onEvent={onEvent}
      title={t("pair.consent.title")}
      actions={
        consent ? (
          <>
            <Button look="primary" onPress={() => onEvent({ type: "consented" })}>
              {t("pair.consent.keep")}
            </Button>
            <Button onPress={() => setOpen(true)}>{t("pair.consent.change")}</Button>
          </>
        ) : (
          <Button look="primary" onPress={() => setOpen(true)} isDisabled={!model.data}>
            {t("pair.consent.open")}
          </Button>
        )
      }
    >
      <p>{t("pair.consent.text", { name: connection.name })}</p>
      {consent ? (
        <Notice tone="ok">
          <p>{t("pair.consent.given", { kinds: intl.formatList(consent.data_kinds.map((kind) => t(`kind.${kind}`))) })}</p>
        </Notice>
      ) : null}
      <div role="status">{isDeclined ? <Notice tone="info">{t("pair.consent.declined")}</Notice> : null}</div>
      {model.data ? (
        <Suspense>
          <ConsentModal
            connectionId={connection.id}
            patientId={connection.patient_id}
            deviceName={connection.name}
            kinds={model.data.capabilities}
            isOpen={isOpen}
            onGiven={given}
            onNotNow={notNow}
          />
        </Suspense>
      ) : (
        <Loading>
          <Skeleton height={80} />
        </Loading>
      )}
    </StepFrame>
  );
}
