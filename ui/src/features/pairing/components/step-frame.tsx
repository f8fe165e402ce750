// What all steps share: how far one is, the heading, a problem if there is one, and the buttons at the thumb.
import type { ReactNode } from "react";
import { Button, LinkButton } from "~/components/ui/button";
import { Icon } from "~/components/ui/icon";
import { Page } from "~/components/ui/page";
import { useText } from "~/lib/text";
import { canGoBack, stepsOf, type Wizard, type WizardEvent } from "../wizard";
import styles from "./step-frame.module.css";

export interface StepProps {
  wizard: Wizard;
  onEvent: (event: WizardEvent) => void;
}

interface StepFrameProps extends StepProps {
  title: string;
  children: ReactNode;
  /** The step's one primary button, and what stands beside it. */
  actions?: ReactNode;
}

export function StepFrame({ wizard, onEvent, title, children, actions }: StepFrameProps) {
  const t = useText();
  const steps = stepsOf(wizard);
  const [step, count] = [steps.indexOf(wizard.step) + 1, steps.length];
  return (
    <Page
      key={wizard.step}
      title={title}
      tab={t("pair.title")}
      before={
        <div className={styles.top}>
          <div className={styles.row}>
            {canGoBack(wizard.step) ? (
              <Button look="quiet" onPress={() => onEvent({ type: "back" })}>
                <Icon name="back" />
                {t("app.back")}
              </Button>
            ) : (
              <span />
            )}
            {wizard.step === "done" ? null : (
              <LinkButton look="quiet" to="/devices">
                {t("pair.leave")}
              </LinkButton>
            )}
          </div>
          <p className={styles.count}>{t("pair.progress", { step, steps: count })}</p>
          <div className={styles.track} aria-hidden="true">
            <span className={styles.done} style={{ inlineSize: `${(step / count) * 100}%` }} />
          </div>
        </div>
      }
    >
      <div className={styles.body}>{children}</div>
      {actions ? <div className={styles.actions}>{actions}</div> : null}
    </Page>
  );
}
