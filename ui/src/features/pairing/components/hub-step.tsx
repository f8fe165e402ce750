// Which hub? Choose one that is there, or add the first.
import { useQuery } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { Form } from "react-aria-components/Form";
import { Button } from "~/components/ui/button";
import { Field } from "~/components/ui/field";
import { Icon } from "~/components/ui/icon";
import { Notice, SupportDetails, useProblemText } from "~/components/ui/notice";
import { Loading, Skeleton } from "~/components/ui/skeleton";
import type { Connection, Hub, HubCreated, Me } from "~/lib/api-types";
import { useText } from "~/lib/text";
import { hubsQuery, useCreateHub, useRotateHub } from "../api/hubs";
import { useCreateConnection } from "../api/pairing";
import { Choice } from "./choice";
import { HubSecret } from "./hub-secret";
import { StepFrame, type StepProps } from "./step-frame";
import styles from "./steps.module.css";

const MAX_NAME = 64;

export function HubStep({ wizard, onEvent, me, connection }: StepProps & { me: Me; connection: Connection | null }) {
  const t = useText();
  const problemText = useProblemText();
  const hubs = useQuery(hubsQuery);
  const create = useCreateConnection(me, connection);
  const [made, setMade] = useState<HubCreated | null>(null);
  const [isAdding, setAdding] = useState(false);
  const modelId = wizard.model ?? connection?.device_model_id ?? "";

  const use = (hubId: string) => {
    onEvent({ type: "choseHub", hub: hubId });
    create.mutate(
      { device_model_id: modelId, pairing_method: "hub", hub_id: hubId },
      { onSuccess: (one) => onEvent({ type: "created", connection: one.id }) },
    );
  };
  const madeHub = made && hubs.data?.find((hub) => hub.hub_id === made.hub_id);
  const mustAdd = hubs.data?.length === 0;

  return (
    <StepFrame
      wizard={wizard}
      onEvent={onEvent}
      title={t("pair.hub.title")}
      actions={
        made ? (
          <Button look="primary" onPress={() => use(made.hub_id)} isDisabled={create.isPending}>
            {t("pair.hub.use")}
          </Button>
        ) : undefined
      }
    >
      <p className={styles.muted}>{t(mustAdd && !made ? "pair.hub.none.text" : "pair.hub.text")}</p>
      {create.error ? (
        <Notice tone="warn" role="alert" title={t("pair.problem.title")}>
          <p>{problemText(create.error)}</p>
          <SupportDetails error={create.error} />
        </Notice>
      ) : null}
      {!hubs.data && hubs.error ? (
        <Notice tone="warn" role="alert" title={t("pair.hub.error")} actions={<Button onPress={() => void hubs.refetch()}>{t("app.retry")}</Button>}>
          <p>{problemText(hubs.error)}</p>
        </Notice>
      ) : null}
      {!hubs.data && !hubs.error ? (
        <Loading>
          <Skeleton height={72} />
        </Loading>
      ) : null}
      {made ? <HubSecret made={made} name={madeHub?.name ?? ""} isOnline={madeHub?.state === "online"} env={me.env} /> : null}
      {!made && hubs.data?.length ? <HubList hubs={hubs.data} onUse={use} onRotated={setMade} isDisabled={create.isPending} /> : null}
      {!made && hubs.data && (mustAdd || isAdding) ? <AddHub onMade={setMade} /> : null}
      {!made && hubs.data?.length && !isAdding ? (
        <div>
          <Button look="quiet" onPress={() => setAdding(true)}>
            <Icon name="plus" />
            {t("pair.hub.another")}
          </Button>
        </div>
      ) : null}
    </StepFrame>
  );
}

function HubList({ hubs, onUse, onRotated, isDisabled }: { hubs: Hub[]; onUse: (id: string) => void; onRotated: (made: HubCreated) => void; isDisabled: boolean }) {
  const t = useText();
  const rotate = useRotateHub();
  const offline = hubs.filter((hub) => hub.state === "offline");
  return (
    <>
      <ul className={styles.list}>
        {hubs.map((hub) => (
          <li key={hub.hub_id}>
            <Choice
              picture={<Icon name="hub" size={32} />}
              title={hub.name}
              text={t(hub.state === "online" ? "pair.hub.online" : "pair.hub.offline")}
              onPress={() => onUse(hub.hub_id)}
              isDisabled={isDisabled}
            />
          </li>
        ))}
      </ul>
      {offline.length > 0 ? (
        <details className={styles.fold}>
          <summary>{t("pair.hub.silent")}</summary>
          <p>{t("pair.hub.silent.text")}</p>
          <div className={styles.buttons}>
            {offline.map((hub) => (
              <Button key={hub.hub_id} onPress={() => rotate.mutate(hub.hub_id, { onSuccess: onRotated })} isDisabled={rotate.isPending}>
                {t("pair.hub.rotate", { name: hub.name })}
              </Button>
            ))}
          </div>
        </details>
      ) : null}
    </>
  );
}

function AddHub({ onMade }: { onMade: (made: HubCreated) => void }) {
  const t = useText();
  const problemText = useProblemText();
  const create = useCreateHub();
  const [name, setName] = useState(t("pair.hub.default"));
  const [fault, setFault] = useState("");
  const save = (event: FormEvent) => {
    event.preventDefault();
    const wanted = name.trim();
    setFault(wanted ? "" : t("devices.name.short"));
    if (wanted) create.mutate(wanted, { onSuccess: onMade });
  };
  return (
    <Form className={styles.form!} onSubmit={save}>
      <Field label={t("pair.hub.name")} value={name} onChange={setName} maxLength={MAX_NAME} error={fault} />
      {create.error ? (
        <Notice tone="warn" role="alert">
          <p>{problemText(create.error)}</p>
        </Notice>
      ) : null}
      <div>
        <Button look="primary" type="submit" isDisabled={create.isPending}>
          {t("pair.hub.add")}
        </Button>
      </div>
    </Form>
  );
}
