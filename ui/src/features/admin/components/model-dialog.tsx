// One device model as a form: a new one, or what may be changed of one that is there.
import { useQuery } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { Form } from "react-aria-components/Form";
import { Button } from "~/components/ui/button";
import { ChipChoice } from "~/components/ui/chip-choice";
import { ChoiceField } from "~/components/ui/choice-field";
import { Field } from "~/components/ui/field";
import { Modal } from "~/components/ui/modal";
import { Notice, SupportDetails, useProblemText } from "~/components/ui/notice";
import type { DeviceModel, DeviceType, PairingMethod } from "~/lib/api-types";
import { DEVICE_TYPES, KINDS } from "~/lib/kinds";
import { useText } from "~/lib/text";
import { makersQuery, useSaveModel } from "../api/models";
import { draftOf, faultsOf, serverFaults, WAYS, withRecommended, withType, withWays, type Draft, type Faults } from "../draft";
import styles from "./admin.module.css";

const ID = "model";
const OTHER = "";

interface ModelDialogProps {
  model: DeviceModel | null;
  onClose: () => void;
  onSaved: (model: DeviceModel) => void;
}

export function ModelDialog({ model, onClose, onSaved }: ModelDialogProps) {
  const t = useText();
  const save = useSaveModel(model);
  const [draft, setDraft] = useState(() => draftOf(model));
  const [isAsked, setAsked] = useState(false);
  const change = (next: Draft) => {
    setDraft(next);
    save.reset();
  };
  const faults = { ...serverFaults(save.error), ...(isAsked ? faultsOf(draft) : {}) };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setAsked(true);
    if (Object.keys(faultsOf(draft)).length === 0) save.mutate(draft, { onSuccess: onSaved });
  };
  return (
    <Modal
      isOpen
      needsAnswer
      title={model ? t("admin.model.change", { name: model.name }) : t("admin.model.new")}
      onClose={onClose}
      footer={
        <>
          <Button onPress={onClose}>{t("app.cancel")}</Button>
          <Button look="primary" type="submit" form={ID} isDisabled={save.isPending}>
            {t("admin.model.save")}
          </Button>
        </>
      }
    >
      <Form id={ID} className={styles.form!} onSubmit={submit} validationBehavior="aria">
        <Trouble faults={faults} error={save.error} />
        {model ? <p className={styles.muted}>{t("admin.model.fixed")}</p> : <Identity draft={draft} faults={faults} onChange={change} />}
        <About draft={draft} faults={faults} onChange={change} />
      </Form>
    </Modal>
  );
}

/** What keeps it from being saved, on top; each field says its own part again. */
function Trouble({ faults, error }: { faults: Faults; error: unknown }) {
  const t = useText();
  const problemText = useProblemText();
  const count = Object.keys(faults).length;
  if (count === 0 && !error) return null;
  return (
    <Notice tone="warn" role="alert">
      <p>{count > 0 ? t("admin.model.check", { count }) : problemText(error)}</p>
      {error ? <SupportDetails error={error} /> : null}
    </Notice>
  );
}

interface PartProps {
  draft: Draft;
  faults: Faults;
  onChange: (draft: Draft) => void;
}

function useFault({ faults }: Pick<PartProps, "faults">): (field: keyof Draft) => string | undefined {
  const t = useText();
  return (field) => {
    const fault = faults[field];
    return fault && t(`admin.fault.${fault}`);
  };
}

/** What makes it this model and no other: said once. */
function Identity({ draft, faults, onChange }: PartProps) {
  const t = useText();
  const fault = useFault({ faults });
  const makers = useQuery(makersQuery);
  const known = makers.data ?? [];
  const isKnown = known.some((one) => one.vendor_id === draft.vendor_id);
  return (
    <>
      <ChoiceField
        label={t("admin.model.maker")}
        value={isKnown ? draft.vendor_id : OTHER}
        onChange={(vendor_id) => onChange({ ...draft, vendor_id })}
        choices={[{ id: OTHER, text: t("admin.model.maker.other") }, ...known.map((one) => ({ id: one.vendor_id, text: one.name }))]}
      />
      {isKnown ? null : (
        <Field
          label={t("admin.model.slug")}
          value={draft.vendor_id}
          onChange={(vendor_id) => onChange({ ...draft, vendor_id })}
          error={fault("vendor_id")}
          autoCapitalize="none"
        />
      )}
      <Field label={t("admin.model.model")} value={draft.model} onChange={(model) => onChange({ ...draft, model })} maxLength={64} error={fault("model")} />
      <ChoiceField
        label={t("admin.model.type")}
        value={draft.device_type}
        onChange={(type) => onChange(withType(draft, type as DeviceType))}
        choices={DEVICE_TYPES.map((id) => ({ id, text: t(`type.${id}`) }))}
      />
    </>
  );
}

function About({ draft, faults, onChange }: PartProps) {
  const t = useText();
  const fault = useFault({ faults });
  const ways = draft.pairing_methods;
  return (
    <>
      <Field label={t("admin.model.name")} value={draft.name} onChange={(name) => onChange({ ...draft, name })} maxLength={120} error={fault("name")} />
      <ChipChoice
        label={t("admin.model.kinds")}
        value={draft.capabilities}
        onChange={(capabilities) => onChange({ ...draft, capabilities })}
        choices={KINDS.map((id) => ({ id, text: t(`kind.${id}`) }))}
        error={fault("capabilities")}
      />
      <ChipChoice
        label={t("admin.model.ways")}
        value={ways}
        onChange={(next) => onChange(withWays(draft, next))}
        choices={WAYS.map((id) => ({ id, text: t(`admin.way.${id}`) }))}
        error={fault("pairing_methods")}
      />
      {ways.length > 1 ? (
        <ChoiceField
          label={t("admin.model.recommended")}
          value={ways[0] ?? ""}
          onChange={(way) => onChange(withRecommended(draft, way as PairingMethod))}
          choices={ways.map((id) => ({ id, text: t(`admin.way.${id}`) }))}
        />
      ) : null}
      <Field
        label={t("admin.model.docs")}
        value={draft.docs_url}
        onChange={(docs_url) => onChange({ ...draft, docs_url })}
        type="url"
        maxLength={400}
        error={fault("docs_url")}
        autoCapitalize="none"
      />
    </>
  );
}
