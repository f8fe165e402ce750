// How should it connect? The recommended way first, with its reason.
import { useQuery } from "@tanstack/react-query";
import { useIntl } from "react-intl";
import { Button } from "~/components/ui/button";
import { Icon, type IconName } from "~/components/ui/icon";
import { Notice, SupportDetails, useProblemText } from "~/components/ui/notice";
import { Loading, Skeleton } from "~/components/ui/skeleton";
import type { Connection, Me } from "~/lib/api-types";
import { modelQuery } from "~/lib/models";
import { useText } from "~/lib/text";
import { useCreateConnection } from "../api/pairing";
import { waysOf, type Way } from "../wizard";
import { Choice } from "./choice";
import { StepFrame, type StepProps } from "./step-frame";
import styles from "./steps.module.css";

const ICONS: Record<Way, IconName> = {
  vendor_oauth: "cloud",
  hub: "hub",
  web_bluetooth: "bluetooth",
  companion_app: "devices",
  healthkit: "pulse",
  health_connect: "pulse",
  simulated: "flask",
};

export function MethodStep({ wizard, onEvent, me, connection }: StepProps & { me: Me; connection: Connection | null }) {
  const t = useText();
  const intl = useIntl();
  const problemText = useProblemText();
  const modelId = wizard.model ?? connection?.device_model_id ?? "";
  const model = useQuery(modelQuery(modelId));
  const create = useCreateConnection(me, connection);

  const choose = (way: Way) => {
    onEvent({ type: "choseMethod", method: way });
    if (way === "hub") return;
    create.mutate(
      { device_model_id: modelId, pairing_method: way },
      { onSuccess: (made) => onEvent({ type: "created", connection: made.id }) },
    );
  };

  const ways = model.data ? waysOf(model.data.pairing_methods, me.env) : [];
  const error = create.error ?? model.error;
  return (
    <StepFrame wizard={wizard} onEvent={onEvent} title={t("pair.method.title")}>
      {model.data ? <p className={styles.muted}>{model.data.name}</p> : null}
      {error ? (
        <Notice tone="warn" role="alert" title={t("pair.problem.title")}>
          <p>{problemText(error)}</p>
          <SupportDetails error={error} />
        </Notice>
      ) : null}
      {!model.data && !model.error ? (
        <Loading>
          <Skeleton height={88} />
          <Skeleton height={88} />
        </Loading>
      ) : null}
      {model.data && ways.length === 0 ? (
        <Notice
          title={t("pair.method.none.title")}
          actions={<Button onPress={() => onEvent({ type: "back" })}>{t("pair.method.none.action")}</Button>}
        >
          <p>{t("pair.method.none.text", { name: model.data.name })}</p>
        </Notice>
      ) : null}
      <ul className={styles.list}>
        {ways.map((way) => {
          const isFirst = model.data?.pairing_methods[0] === way;
          const reason = isFirst && intl.locale.startsWith("en") ? model.data?.recommended_reason : "";
          return (
            <li key={way}>
              <Choice
                picture={<Icon name={ICONS[way]} size={32} />}
                title={t(`method.${way}`)}
                text={reason || t(`method.${way}.text`)}
                mark={isFirst ? t("method.recommended") : undefined}
                onPress={() => choose(way)}
                isDisabled={create.isPending}
              />
            </li>
          );
        })}
      </ul>
    </StepFrame>
  );
}
