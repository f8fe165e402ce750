// Get it ready: three things to do, with the button of this kind of device.
import { Button } from "~/components/ui/button";
import { DevicePicture } from "~/components/ui/icon";
import type { Connection } from "~/lib/api-types";
import { isText, useText } from "~/lib/text";
import { StepFrame, type StepProps } from "./step-frame";
import styles from "./steps.module.css";

export function ReadyStep({ wizard, onEvent, connection }: StepProps & { connection: Connection }) {
  const t = useText();
  const own = `pair.ready.${connection.device_type}`;
  return (
    <StepFrame
      wizard={wizard}
      onEvent={onEvent}
      title={t("pair.ready.title")}
      actions={
        <Button look="primary" onPress={() => onEvent({ type: "isReady" })}>
          {t("pair.ready.next")}
        </Button>
      }
    >
      <div className={styles.picture}>
        <DevicePicture type={connection.device_type} size={112} />
      </div>
      <ol className={styles.numbered}>
        <li>{t("pair.ready.batteries")}</li>
        <li>{t(connection.pairing_method === "web_bluetooth" ? "pair.ready.near.web_bluetooth" : "pair.ready.near")}</li>
        <li>{t(isText(own) ? own : "pair.ready.other")}</li>
      </ol>
      <p className={styles.muted}>{t("pair.ready.off")}</p>
    </StepFrame>
  );
}
