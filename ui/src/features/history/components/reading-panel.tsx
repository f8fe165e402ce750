// The platform reads the file: how far it is, and how it ended.
import { useIntl } from "react-intl";
import { Button, LinkButton } from "~/components/ui/button";
import { Notice, SupportDetails } from "~/components/ui/notice";
import type { SyncJob } from "~/lib/api-types";
import { useText } from "~/lib/text";
import { endWord, isOver, shareRead, whyWords } from "../view";
import styles from "./history.module.css";
import { Panel } from "./panel";
import { StepProgress } from "./step-progress";

interface ReadingProps {
  job: SyncJob;
  /** The device whose history it is, when it is known here. */
  device: { id: string; name: string } | undefined;
  onAnother: () => void;
}

export function ReadingPanel({ job, device, isOnline, onAnother }: ReadingProps & { isOnline: boolean }) {
  const t = useText();
  const intl = useIntl();
  if (isOver(job)) return <Ended job={job} device={device} onAnother={onAnother} />;
  const share = shareRead(job);
  const percent = share === null ? null : intl.formatNumber(share, { style: "percent", maximumFractionDigits: 0 });
  const soFar = t("history.so.far", { count: job.accepted });
  return (
    <Panel label={t("history.reading")}>
      <StepProgress
        step={3}
        what={t("history.reading")}
        share={share}
        detail={percent === null ? t("history.queued") : intl.formatList([percent, soFar], { type: "unit" })}
      />
      {isOnline ? null : (
        <Notice tone="warn" icon="offline" role="status">
          <p>{t("history.offline.reading")}</p>
        </Notice>
      )}
      <p>{t("history.leave")}</p>
    </Panel>
  );
}

function Ended({ job, device, onAnother }: ReadingProps) {
  const t = useText();
  const word = endWord(job);
  const actions = (
    <>
      {job.accepted + job.duplicates === 0 ? null : device ? (
        <LinkButton look="primary" to="/devices/$id" params={{ id: device.id }}>
          {t("devices.seeOf", { name: device.name })}
        </LinkButton>
      ) : (
        <LinkButton look="primary" to="/devices">
          {t("history.see")}
        </LinkButton>
      )}
      <Button onPress={onAnother}>{t("history.another")}</Button>
    </>
  );
  if (word) {
    return (
      <Notice tone="warn" role="alert" title={t("history.failed.title")} actions={actions}>
        <p>{t(`history.fault.${word}`)}</p>
        {job.accepted > 0 ? <p>{t("history.failed.kept", { count: job.accepted })}</p> : null}
        <SupportDetails code={(job.errors ?? []).map((fault) => `${fault.class}: ${fault.code}`).join(", ") || job.state} />
      </Notice>
    );
  }
  return (
    <Notice tone="ok" role="status" title={t(job.accepted > 0 ? "history.end.title" : "history.end.nothing")} actions={actions}>
      <Counts job={job} />
    </Notice>
  );
}

function Counts({ job }: { job: SyncJob }) {
  const t = useText();
  const whys = whyWords(job);
  return (
    <>
      <p className="number">{t("history.end.accepted", { count: job.accepted })}</p>
      {job.duplicates > 0 ? <p className="number">{t("history.end.duplicates", { count: job.duplicates })}</p> : null}
      {job.rejected > 0 ? (
        <div className={styles.part}>
          <p className="number">{t("history.end.rejected", { count: job.rejected })}</p>
          <ul className={styles.whys}>
            {(whys.length > 0 ? whys : (["other"] as const)).map((why) => (
              <li key={why}>{t(`history.why.${why}`)}</li>
            ))}
          </ul>
        </div>
      ) : null}
    </>
  );
}
