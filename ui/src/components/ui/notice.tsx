// What a screen says when it cannot show what was asked: icon, what happened, what is safe, one next step.
import type { ReactNode } from "react";
import { isText, useText } from "~/lib/text";
import { ApiProblem, codeOf } from "~/lib/problem";
import { Icon, type IconName } from "./icon";
import styles from "./notice.module.css";

export type Tone = "neutral" | "info" | "ok" | "warn" | "danger";

const ICON: Record<Tone, IconName> = { neutral: "info", info: "info", ok: "check", warn: "warn", danger: "warn" };

interface NoticeProps {
  tone?: Tone;
  title?: string;
  children?: ReactNode;
  actions?: ReactNode;
  icon?: IconName;
  /** `alert` only for what must interrupt; `status` for results. */
  role?: "alert" | "status";
}

export function Notice({ tone = "neutral", title, children, actions, icon, role }: NoticeProps) {
  return (
    <div className={`${styles.notice} ${styles[tone]}`} role={role}>
      <Icon name={icon ?? ICON[tone]} size={22} />
      <div className={styles.body}>
        {title ? <p className={styles.title}>{title}</p> : null}
        {children}
        {actions ? <div className={styles.actions}>{actions}</div> : null}
      </div>
    </div>
  );
}

/** The part of an error that support needs: a code and the request's id, folded away. */
export function SupportDetails({ error, code }: { error?: unknown; code?: string }) {
  const t = useText();
  const problem = error instanceof ApiProblem ? error : null;
  const shown = code ?? (problem ? problem.code.toUpperCase().replaceAll("_", "-") : "UNKNOWN");
  return (
    <details className={styles.support}>
      <summary>{t("app.support")}</summary>
      <dl>
        <dt>{t("app.supportCode")}</dt>
        <dd>{shown}</dd>
        {problem?.requestId ? (
          <>
            <dt>{t("app.supportRequest")}</dt>
            <dd>{problem.requestId}</dd>
          </>
        ) : null}
      </dl>
    </details>
  );
}

/** Our words for the server's code. */
export function useProblemText(): (error: unknown) => string {
  const t = useText();
  return (error) => {
    const id = `error.${codeOf(error)}`;
    return t(isText(id) ? id : "error.general");
  };
}
