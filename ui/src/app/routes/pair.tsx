// Adding a device: the address holds the wizard's state, the reducer moves it, each step is a component.
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { LinkButton, Button } from "~/components/ui/button";
import { Notice, useProblemText } from "~/components/ui/notice";
import { Page } from "~/components/ui/page";
import { Loading, Skeleton } from "~/components/ui/skeleton";
import { ConnectStep } from "~/features/pairing/components/connect-step";
import { ConsentStep } from "~/features/pairing/components/consent-step";
import { DoneStep } from "~/features/pairing/components/done-step";
import { FirstStep } from "~/features/pairing/components/first-step";
import { HubStep } from "~/features/pairing/components/hub-step";
import { MethodStep } from "~/features/pairing/components/method-step";
import { ModelStep } from "~/features/pairing/components/model-step";
import { NameStep } from "~/features/pairing/components/name-step";
import { ReadyStep } from "~/features/pairing/components/ready-step";
import { TypeStep } from "~/features/pairing/components/type-step";
import { next, settle, WAYS, type Step, type Way, type Wizard, type WizardEvent } from "~/features/pairing/wizard";
import type { Connection } from "~/lib/api-types";
import { connectionsQuery } from "~/lib/connections";
import { useLivePatients } from "~/lib/live";
import { useMe } from "~/lib/me";
import { enBluetooth } from "~/lib/messages/en-bluetooth";
import { enName } from "~/lib/messages/en-name";
import { enPair } from "~/lib/messages/en-pair";
import { enReadings } from "~/lib/messages/en-readings";
import { addMessages, useText } from "~/lib/text";

addMessages(enBluetooth, "bluetooth");
addMessages(enName, "name");
addMessages(enPair, "pair");
addMessages(enReadings, "readings");

export function PairPage() {
  const t = useText();
  const me = useMe();
  useLivePatients(me.patient_id ? [me.patient_id] : []);
  if (!me.patient_id) {
    return (
      <Page title={t("pair.denied.title")} tab={t("pair.title")}>
        <p>{t("pair.denied.text")}</p>
        <div>
          <LinkButton look="primary" to="/devices">
            {t("app.notFound.action")}
          </LinkButton>
        </div>
      </Page>
    );
  }
  return <PairWizard />;
}

function PairWizard() {
  const t = useText();
  const me = useMe();
  const navigate = useNavigate();
  const problemText = useProblemText();
  const { step } = useParams({ from: "/signed-in/pair/$step" });
  const search = useSearch({ from: "/signed-in/pair/$step" });
  const list = useQuery(connectionsQuery(me));
  const connection = search.connection ? list.data?.find((one) => one.id === search.connection) : null;

  const fromAddress: Wizard = { ...search, method: search.method as Way | undefined, step: step as Step };
  const wizard = settle(connection ? completed(fromAddress, connection) : fromAddress);

  const onEvent = (event: WizardEvent) => {
    const { step: to, ...rest } = next(wizard, event);
    void navigate({ to: "/pair/$step", params: { step: to }, search: rest, replace: to === wizard.step });
  };

  if (search.connection && !connection && (list.isFetching || !list.data)) {
    if (list.isFetching) {
      return (
        <Loading>
          <Skeleton height={60} />
          <Skeleton height={240} />
        </Loading>
      );
    }
    return (
      <Page title={t("pair.title")}>
        <Notice tone="warn" role="alert" title={t("pair.problem.title")} actions={<Button onPress={() => void list.refetch()}>{t("app.retry")}</Button>}>
          <p>{problemText(list.error)}</p>
        </Notice>
      </Page>
    );
  }
  if (search.connection && !connection) return <Gone />;
  if (connection && !(connection.pairing_method in WAYS)) return <Gone />;
  return <StepOf wizard={wizard} onEvent={onEvent} connection={connection ?? null} />;
}

/** A connection knows its model, way and hub: the list's "Continue" needs to name nothing else. */
function completed(wizard: Wizard, connection: Connection): Wizard {
  return {
    ...wizard,
    type: wizard.type ?? connection.device_type,
    model: wizard.model ?? connection.device_model_id,
    method: wizard.method ?? (connection.pairing_method as Way),
    hub: wizard.hub ?? connection.hub_id ?? undefined,
  };
}

function StepOf({ wizard, onEvent, connection }: { wizard: Wizard; onEvent: (event: WizardEvent) => void; connection: Connection | null }) {
  const me = useMe();
  const props = { wizard, onEvent, me };
  switch (wizard.step) {
    case "type":
      return <TypeStep {...props} />;
    case "model":
      return <ModelStep {...props} />;
    case "method":
      return <MethodStep {...props} connection={connection} />;
    case "hub":
      return <HubStep {...props} connection={connection} />;
    default:
      break;
  }
  if (!connection) return null;
  const withDevice = { ...props, connection };
  switch (wizard.step) {
    case "consent":
      return <ConsentStep {...withDevice} />;
    case "ready":
      return <ReadyStep {...withDevice} />;
    case "connect":
      return <ConnectStep {...withDevice} />;
    case "first":
      return <FirstStep {...withDevice} />;
    case "name":
      return <NameStep {...withDevice} />;
    case "done":
      return <DoneStep {...withDevice} />;
  }
}

function Gone() {
  const t = useText();
  return (
    <Page title={t("pair.gone.title")} tab={t("pair.title")}>
      <p>{t("pair.gone.text")}</p>
      <div>
        <LinkButton look="primary" to="/devices">
          {t("app.notFound.action")}
        </LinkButton>
      </div>
    </Page>
  );
}
