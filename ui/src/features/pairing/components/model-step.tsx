// Which one? All models of the kind, found by name or maker.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "~/components/ui/button";
import { Field } from "~/components/ui/field";
import { DevicePicture } from "~/components/ui/icon";
import { Notice, SupportDetails, useProblemText } from "~/components/ui/notice";
import { Loading, Skeleton } from "~/components/ui/skeleton";
import type { DeviceModel, DeviceType } from "~/lib/api-types";
import { useText, useWord } from "~/lib/text";
import { modelsQuery, search } from "../api/models";
import { Choice } from "./choice";
import { StepFrame, type StepProps } from "./step-frame";
import styles from "./steps.module.css";

const SEARCH_FROM = 5;

export function ModelStep({ wizard, onEvent }: StepProps) {
  const t = useText();
  const problemText = useProblemText();
  const type: DeviceType = wizard.type ?? "blood_pressure_cuff";
  const models = useQuery(modelsQuery(type));
  return (
    <StepFrame wizard={wizard} onEvent={onEvent} title={t("pair.model.title")}>
      <p className={styles.muted}>{t("pair.model.text")}</p>
      {models.data ? <Models models={models.data} onChoose={(model) => onEvent({ type: "choseModel", model: model.id })} /> : null}
      {!models.data && models.error ? (
        <Notice
          tone="warn"
          role="alert"
          title={t("pair.model.error")}
          actions={
            <Button onPress={() => void models.refetch()} isDisabled={models.isFetching}>
              {t("app.retry")}
            </Button>
          }
        >
          <p>{problemText(models.error)}</p>
          <SupportDetails error={models.error} />
        </Notice>
      ) : null}
      {!models.data && !models.error ? (
        <Loading>
          <Skeleton height={72} />
          <Skeleton height={72} />
          <Skeleton height={72} />
        </Loading>
      ) : null}
    </StepFrame>
  );
}

function Models({ models, onChoose }: { models: DeviceModel[]; onChoose: (model: DeviceModel) => void }) {
  const t = useText();
  const word = useWord();
  const [text, setText] = useState("");
  const found = search(models, text);
  if (models.length === 0) return <Notice>{t("pair.model.empty")}</Notice>;
  return (
    <>
      {models.length >= SEARCH_FROM ? <Field type="search" label={t("pair.model.search")} value={text} onChange={setText} /> : null}
      <p role="status" className={text ? styles.muted : "visually-hidden"}>
        {found.length === 0 ? t("pair.model.none") : t("pair.model.count", { count: found.length })}
      </p>
      <ul className={styles.list}>
        {found.map((model) => (
          <li key={model.id}>
            <Choice
              picture={<DevicePicture type={model.device_type} />}
              title={model.name}
              text={`${model.vendor_name} · ${model.capabilities.map((kind) => word("kind", kind)).join(", ")}`}
              onPress={() => onChoose(model)}
            />
          </li>
        ))}
      </ul>
      <details className={styles.fold}>
        <summary>{t("pair.model.missing.title")}</summary>
        <p>{t("pair.model.missing.text")}</p>
      </details>
    </>
  );
}
