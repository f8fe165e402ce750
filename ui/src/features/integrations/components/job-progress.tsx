// How far a look at an account is: a bar for history, a sentence for what is new, and what came of the last one.
import { useIntl } from "react-intl";
import { Notice, SupportDetails } from "~/components/ui/notice";
import { Progress } from "~/components/ui/progress";
import type { SyncJob } from "~/lib/api-types";
import { useText } from "~/lib/text";
import { faultWords, isUnderWay, quarter, shareDone, type FaultWord } from "../view";
import styles from "./job-progress.module.css";

/** The person's own decision, and no trouble: said without a sign of warning. */
const NOT_CHOSEN = "kind_not_consented";

export function JobProgress({ job, name }: { job: SyncJob | null; name: string }) {
  const t = useText();
  const intl = useIntl();
  const percent = (share: number) => intl.formatNumber(share, { style: "percent", maximumFractionDigits: 0 });
  const share = job && shareDone(job);
  const isRunning = isUnderWay(job);
  const words = faultWords(job);

  let said = "";
  if (isRunning) said = share === null ? t("integrations.job.looking", { name }) : t("integrations.job.said", { name, percent: percent(quarter(share)) });
  else if (job?.state === "done") said = t("integrations.job.done", { name, count: job.accepted });

  return (
    <>
      {/* Politely, and only at quarters: a bar that moves is not read out step by step. */}
      <p role="status" className="visually-hidden">
        {said}
      </p>
      {isRunning && share === null ? (
        <p className={styles.text} aria-hidden="true">
          {said}
        </p>
      ) : null}
      {job && isRunning && share !== null ? (
        <div className={styles.history}>
          <Progress label={t("integrations.job.label", { name })} share={share} />
          <p className={`${styles.text} number`}>{t("integrations.job.history", { percent: percent(share), count: job.accepted })}</p>
        </div>
      ) : null}
      {job?.state === "done" ? <p className={styles.text}>{t("integrations.job.came", { count: job.accepted })}</p> : null}
      {job ? <Faults job={job} name={name} words={words.filter((word) => word !== NOT_CHOSEN)} /> : null}
      {words.includes(NOT_CHOSEN) ? <p className={styles.text}>{t(`integrations.fault.${NOT_CHOSEN}`, { name })}</p> : null}
    </>
  );
}

/** What went wrong in it, in words, with what to do. Waiting for a maker is no fault of anybody. */
function Faults({ job, name, words }: { job: SyncJob; name: string; words: readonly FaultWord[] }) {
  const t = useText();
  if (words.length === 0 && job.state !== "failed") return null;
  return (
    <Notice tone={job.state === "failed" ? "warn" : "info"} title={job.state === "failed" ? t("integrations.job.failed") : undefined}>
      {(words.length > 0 ? words : (["other"] as const)).map((word) => (
        <p key={word}>{t(`integrations.fault.${word}`, { name })}</p>
      ))}
      <SupportDetails code={(job.errors ?? []).map((fault) => `${fault.class}: ${fault.code}`).join(", ") || job.state} />
    </Notice>
  );
}
