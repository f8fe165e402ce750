// How the file is made, what will happen with it, and the two ways to choose it: a button, and dropping it on the page.
import { useRef, type ReactNode } from "react";
import { Button } from "~/components/ui/button";
import { Notice, SupportDetails, useProblemText } from "~/components/ui/notice";
import { useText } from "~/lib/text";
import { faultWord, type Choosing } from "../view";
import styles from "./history.module.css";

interface ChooseProps {
  name: string;
  state: Choosing;
  isOnline: boolean;
  /** A file is held above the page. */
  isOver: boolean;
  /** Which device it is for, where there is more than one. */
  target: ReactNode;
  onChoose: (file: File) => void;
}

const STEPS = ["open", "export", "save"] as const;

export function ChooseFile({ name, state, isOnline, isOver, target, onChoose }: ChooseProps) {
  const t = useText();
  const input = useRef<HTMLInputElement>(null);
  return (
    <section className={isOver ? `${styles.card} ${styles.over}` : styles.card} aria-label={t("history.steps")}>
      <h2>{t("history.steps")}</h2>
      <ol className={styles.steps}>
        {STEPS.map((step) => (
          <li key={step}>{t(`history.step.${step}`)}</li>
        ))}
      </ol>
      <p className={styles.muted}>{t("history.unpacked")}</p>
      <div className={styles.part}>
        <h3>{t("history.then")}</h3>
        <p>{t("history.then.text", { name })}</p>
      </div>
      {target}
      {isOnline ? null : (
        <Notice tone="warn" icon="offline" role="status">
          <p>{t("history.offline")}</p>
        </Notice>
      )}
      <Outcome state={state} />
      <div className={styles.choose}>
        <input
          ref={input}
          hidden
          type="file"
          accept=".zip,.xml"
          aria-label={t("history.choose")}
          onChange={({ target }) => {
            const file = target.files?.[0];
            // The same file can be chosen once more.
            target.value = "";
            if (file) onChoose(file);
          }}
        />
        <Button look="primary" autoFocus={state.isStopped || state.error !== null} onPress={() => input.current?.click()} isDisabled={!isOnline}>
          {t("history.choose")}
        </Button>
        <span className={styles.drop}>{t(isOver ? "history.dropNow" : "history.drop")}</span>
      </div>
    </section>
  );
}

/** What became of the last choice. */
function Outcome({ state: { refusal, isStopped, error } }: Pick<ChooseProps, "state">) {
  const t = useText();
  const problemText = useProblemText();
  if (error) {
    const word = faultWord(error);
    return (
      <Notice tone="warn" role="alert" title={t("history.fault.title")}>
        <p>{word ? t(`history.fault.${word}`) : problemText(error)}</p>
        <SupportDetails error={error} />
      </Notice>
    );
  }
  if (refusal) {
    return (
      <Notice tone="warn" role="alert">
        <p>{t(`history.refused.${refusal}`)}</p>
      </Notice>
    );
  }
  return isStopped ? (
    <Notice tone="info" role="status">
      <p>{t("history.stopped")}</p>
    </Notice>
  ) : null;
}
