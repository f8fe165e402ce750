// How signing in at a maker ended, said once, with where to go from here.
import { forwardRef } from "react";
import { LinkButton } from "~/components/ui/button";
import { Notice, type Tone } from "~/components/ui/notice";
import type { Connection } from "~/lib/api-types";
import { useText } from "~/lib/text";
import styles from "./result-banner.module.css";

export type Result = "connected" | "declined" | "error";

const TONES: Record<Result, Tone> = { connected: "ok", declined: "info", error: "warn" };

interface ResultProps {
  result: Result;
  name: string;
  /** What sends through the account. */
  connections: readonly Connection[];
}

export const ResultBanner = forwardRef<HTMLDivElement, ResultProps>(function ResultBanner({ result, name, connections }, ref) {
  const t = useText();
  return (
    <div ref={ref} tabIndex={-1} role="group" aria-label={t(`integrations.result.${result}.title`, { name })} className={styles.banner}>
      <Notice
        tone={TONES[result]}
        title={t(`integrations.result.${result}.title`, { name })}
        actions={
          result === "connected" && connections.length > 0
            ? connections.map((one) => (
                <LinkButton key={one.id} to="/devices/$id" params={{ id: one.id }}>
                  {t("devices.seeOf", { name: one.name })}
                </LinkButton>
              ))
            : undefined
        }
      >
        <p>{t(`integrations.result.${result}.text`, { name })}</p>
      </Notice>
    </div>
  );
});
