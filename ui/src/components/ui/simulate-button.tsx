// "Take a simulated measurement": shown in development, where no real cuff is at hand.
import { useSimulate } from "~/lib/simulate";
import { useText } from "~/lib/text";
import { Button, type Look } from "./button";
import { Icon } from "./icon";
import { Notice, useProblemText } from "./notice";
import styles from "./simulate-button.module.css";

export function SimulateButton({ connectionId, look = "primary" }: { connectionId: string; look?: Look }) {
  const t = useText();
  const problemText = useProblemText();
  const simulate = useSimulate(connectionId);
  return (
    <div className={styles.simulate}>
      <Button look={look} onPress={() => simulate.mutate()} isDisabled={simulate.isPending}>
        <Icon name="flask" />
        {t(simulate.isPending ? "dash.simulate.pending" : "dash.simulate")}
      </Button>
      <p role="status" className={styles.result}>
        {simulate.isSuccess ? t("dash.simulate.sent") : null}
      </p>
      {simulate.isError ? (
        <Notice tone="warn" role="alert">
          <p>{problemText(simulate.error)}</p>
        </Notice>
      ) : null}
    </div>
  );
}
