// The file on its way: checked, sent, compared, with how far that is and the way to stop it.
import { useIntl } from "react-intl";
import { Button } from "~/components/ui/button";
import { Notice } from "~/components/ui/notice";
import { useText } from "~/lib/text";
import { shareOf, unitOf, type UnderWay } from "../view";
import styles from "./history.module.css";
import { Panel } from "./panel";
import { StepProgress } from "./step-progress";

const STEP = { checking: 1, sending: 2, arriving: 2 } as const;

interface SendingProps {
  state: UnderWay;
  isOnline: boolean;
  onStop: () => void;
}

export function SendingPanel({ state, isOnline, onStop }: SendingProps) {
  const t = useText();
  const intl = useIntl();
  const { at, name, size, done, isWaiting } = state;
  const share = shareOf(state);
  const { unit, bytes: each, digits } = unitOf(size);
  const sizeText = (bytes: number) => intl.formatNumber(bytes / each, { style: "unit", unit, maximumFractionDigits: digits });
  return (
    <Panel label={t(`history.${at}`)}>
      <StepProgress
        step={STEP[at]}
        what={t(`history.${at}`)}
        share={share}
        detail={share === null ? sizeText(size) : t("history.bytes", { done: sizeText(done), size: sizeText(size) })}
      />
      <p className={styles.name}>
        <bdi>{name}</bdi>
      </p>
      {isWaiting || !isOnline ? (
        <Notice tone="warn" icon="offline" role="status">
          <p>{t("history.waits")}</p>
        </Notice>
      ) : null}
      <p>{t("history.stay")}</p>
      <div className={styles.actions}>
        {/* What has arrived is read: there is nothing left to stop here. */}
        <Button onPress={onStop} isDisabled={at === "arriving"}>
          {t("history.stop")}
        </Button>
      </div>
    </Panel>
  );
}
