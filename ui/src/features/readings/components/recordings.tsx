// The recordings of a kind, newest first. One is open at a time; it is asked for when somebody opens it, never before.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useIntl } from "react-intl";
import { Button } from "~/components/ui/button";
import { Icon } from "~/components/ui/icon";
import { Notice, SupportDetails, useProblemText } from "~/components/ui/notice";
import { Loading, Skeleton } from "~/components/ui/skeleton";
import type { Kind } from "~/lib/api-types";
import { KIND_VIEWS } from "~/lib/kind-views";
import { metricLabel, shown, shownText } from "~/lib/metrics";
import { enRecordings } from "~/lib/messages/en-recordings";
import { addMessages, useText } from "~/lib/text";
import { dayText } from "~/lib/time";
import type { Units } from "~/lib/units";
import { recordingQuery } from "../api/recording";
import type { Clock } from "../describe";
import type { Mark } from "../marks";
import { notesOf } from "../parts";
import { recordingsOf, type Recording } from "../recordings";
import styles from "./recordings.module.css";
import { SoundPlayer } from "./sound-player";
import { WaveformView } from "./waveform-view";

addMessages(enRecordings, "recordings");

const STEP = 10;

interface RecordingsProps {
  patientId: string;
  marks: readonly Mark[];
  kind: Kind;
  units: Units;
  clock: Clock;
}

export default function Recordings({ patientId, marks, kind, units, clock }: RecordingsProps) {
  const t = useText();
  const [open, setOpen] = useState<string | null>(null);
  const [count, setCount] = useState(STEP);
  const all = recordingsOf(marks);
  if (all.length === 0) return null;
  return (
    <section className={styles.recordings} aria-labelledby="recordings">
      <h3 id="recordings" className={styles.heading}>
        {t("recording.heading")}
      </h3>
      <ul className={styles.list}>
        {all.slice(0, count).map((recording) => (
          <Row
            key={recording.uploadId}
            recording={recording}
            patientId={patientId}
            kind={kind}
            units={units}
            clock={clock}
            isOpen={open === recording.uploadId}
            onToggle={() => setOpen(open === recording.uploadId ? null : recording.uploadId)}
          />
        ))}
      </ul>
      {all.length > count ? (
        <Button look="quiet" onPress={() => setCount(count + STEP)}>
          {t("recording.more", { count: Math.min(STEP, all.length - count) })}
        </Button>
      ) : null}
    </section>
  );
}

interface RowProps extends Omit<RecordingsProps, "marks"> {
  recording: Recording;
  isOpen: boolean;
  onToggle: () => void;
}

function Row({ recording, patientId, kind, units, clock, isOpen, onToggle }: RowProps) {
  const t = useText();
  const intl = useIntl();
  const { reading } = recording;
  const when = dayText(intl, Date.parse(reading.timestamp), clock.now, clock.timeZone, clock.isZoneNamed);
  const action = t(isOpen ? "recording.close" : recording.kind === "sound" ? "recording.listen" : "recording.see");
  const facts = factsOf();

  function factsOf() {
    const view = KIND_VIEWS[kind];
    const names = [...view.main, ...view.beside, "ecg.duration_s", "ecg.lead"].filter((name) => name !== "stethoscope_audio_url");
    const found = names.flatMap((name) => {
      const value = shown(intl, units, name, reading.readings);
      return value ? [{ name, label: metricLabel(intl, name), text: shownText(value) }] : [];
    });
    const site = reading.meta.measurement_site;
    return typeof site === "string" ? [...found, { name: "site", label: t("recording.site"), text: site.replaceAll("_", " ") }] : found;
  }

  return (
    <li className={styles.row}>
      <div className={styles.head}>
        <div>
          <time className={styles.when} dateTime={reading.timestamp}>
            {when}
          </time>
          <dl className={styles.facts}>
            {facts.map(({ name, label, text }) => (
              <div key={name}>
                <dt>{label}</dt>
                <dd>{text}</dd>
              </div>
            ))}
          </dl>
          {notesOf(intl, reading).map((note) => (
            <p key={note} className={styles.note}>
              <Icon name="info" size={18} />
              {note}
            </p>
          ))}
        </div>
        <Button onPress={onToggle} aria-expanded={isOpen} aria-label={t("recording.open", { action, when })}>
          {action}
        </Button>
      </div>
      {isOpen ? <Opened recording={recording} patientId={patientId} /> : null}
    </li>
  );
}

function Opened({ recording, patientId }: { recording: Recording; patientId: string }) {
  const t = useText();
  const problemText = useProblemText();
  const { reading, uploadId, kind } = recording;
  const file = useQuery(recordingQuery(patientId, reading.device_connection_id, uploadId));
  const [isUnknown, setUnknown] = useState(false);
  if (file.error) {
    return (
      <Notice
        tone="warn"
        role="alert"
        title={t("recording.error.title")}
        actions={
          <Button onPress={() => void file.refetch()} isDisabled={file.isFetching}>
            {t("app.retry")}
          </Button>
        }
      >
        <p>{t("recording.error.text")}</p>
        <p>{problemText(file.error)}</p>
        <SupportDetails error={file.error} />
      </Notice>
    );
  }
  if (!file.data) {
    return (
      <Loading>
        <Skeleton height={240} />
      </Loading>
    );
  }
  if (isUnknown) {
    return (
      <Notice title={t("recording.unknown.title")} actions={<Keep file={file.data} uploadId={uploadId} />}>
        <p>{t("recording.unknown.text")}</p>
      </Notice>
    );
  }
  const ecg = reading.readings.ecg as { sampling_hz?: number } | undefined;
  return (
    <div className={styles.opened}>
      {kind === "sound" ? (
        <SoundPlayer file={file.data} onUnknown={() => setUnknown(true)} />
      ) : (
        <WaveformView file={file.data} hz={ecg?.sampling_hz ?? null} onUnknown={() => setUnknown(true)} />
      )}
      <Keep file={file.data} uploadId={uploadId} />
    </div>
  );
}

/** What has been fetched, as a file: the address it came from is good for a minute only. */
function Keep({ file, uploadId }: { file: Blob; uploadId: string }) {
  const t = useText();
  return (
    <Button look="quiet" onPress={() => save(file, `recording-${uploadId}`)}>
      <Icon name="download" />
      {t("recording.keep")}
    </Button>
  );
}

function save(file: Blob, name: string) {
  const address = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}
