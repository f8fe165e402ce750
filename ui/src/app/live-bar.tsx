// Says it when the page is not live, and from when its values are. Silent while all is well.
import { useIntl } from "react-intl";
import { Icon } from "~/components/ui/icon";
import { useLiveState, useOnline } from "~/lib/live";
import { useMe } from "~/lib/me";
import { useText } from "~/lib/text";
import { clockText } from "~/lib/time";
import styles from "./live-bar.module.css";

export function LiveBar() {
  const t = useText();
  const intl = useIntl();
  const isOnline = useOnline();
  const { phase, liveAt } = useLiveState();
  const { timezone } = useMe();
  const isLost = !isOnline || phase === "waiting";
  const time = liveAt === null ? null : clockText(intl, liveAt, timezone);

  let text = "";
  if (!isOnline) text = time ? t("live.offline", { time }) : t("live.offlineNever");
  else if (isLost) text = time ? t("live.lost", { time }) : t("live.lostNever");

  return (
    <div role="status" className={isLost ? styles.bar : undefined}>
      {isLost ? (
        <p className={styles.text}>
          <Icon name={isOnline ? "turn" : "offline"} />
          {text}
        </p>
      ) : null}
    </div>
  );
}
