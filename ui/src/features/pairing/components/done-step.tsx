// Connected. Where to go from here.
import { Button, LinkButton } from "~/components/ui/button";
import { Icon } from "~/components/ui/icon";
import type { Connection } from "~/lib/api-types";
import { useText } from "~/lib/text";
import { StepFrame, type StepProps } from "./step-frame";
import styles from "./steps.module.css";

export function DoneStep({ wizard, onEvent, connection }: StepProps & { connection: Connection }) {
  const t = useText();
  return (
    <StepFrame
      wizard={wizard}
      onEvent={onEvent}
      title={t("pair.done.title", { name: connection.name })}
      actions={
        <>
          <LinkButton look="primary" to="/devices/$id" params={{ id: connection.id }}>
            {t("pair.done.see")}
          </LinkButton>
          <Button onPress={() => onEvent({ type: "restart" })}>{t("pair.done.more")}</Button>
        </>
      }
    >
      <div className={styles.picture}>
        <span className={styles.done}>
          <Icon name="check" size={48} />
        </span>
        <p>{t("pair.done.text")}</p>
      </div>
    </StepFrame>
  );
}
