// Give it a name. The catalogue's name is there already; saving it as it is costs one press.
import { useState, type FormEvent } from "react";
import { Form } from "react-aria-components/Form";
import { Button } from "~/components/ui/button";
import { Field } from "~/components/ui/field";
import { Notice, useProblemText } from "~/components/ui/notice";
import type { Connection, Me } from "~/lib/api-types";
import { useText } from "~/lib/text";
import { useNameConnection } from "../api/pairing";
import { StepFrame, type StepProps } from "./step-frame";
import styles from "./steps.module.css";

const MAX_NAME = 64;
const FORM = "name-device";

export function NameStep({ wizard, onEvent, me, connection }: StepProps & { me: Me; connection: Connection }) {
  const t = useText();
  const problemText = useProblemText();
  const save = useNameConnection(me, connection.id);
  const [name, setName] = useState(connection.name);
  const [fault, setFault] = useState("");

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const wanted = name.trim();
    setFault(wanted ? "" : t("devices.name.short"));
    if (wanted) save.mutate(wanted, { onSuccess: () => onEvent({ type: "named" }) });
  };
  return (
    <StepFrame
      wizard={wizard}
      onEvent={onEvent}
      title={t("pair.name.title")}
      actions={
        <Button look="primary" type="submit" form={FORM} isDisabled={save.isPending}>
          {t("devices.name.save")}
        </Button>
      }
    >
      <p className={styles.muted}>{t("pair.name.text")}</p>
      <Form id={FORM} className={styles.form!} onSubmit={submit}>
        <Field label={t("devices.name.label")} value={name} onChange={setName} maxLength={MAX_NAME} error={fault} />
      </Form>
      {save.error ? (
        <Notice tone="warn" role="alert">
          <p>{problemText(save.error)}</p>
        </Notice>
      ) : null}
    </StepFrame>
  );
}
