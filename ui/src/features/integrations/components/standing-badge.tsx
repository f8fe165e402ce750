// The one picture of an account's standing: icon, word, tint.
import { Icon, type IconName } from "~/components/ui/icon";
import { useText } from "~/lib/text";
import type { Standing } from "../view";
import styles from "./standing-badge.module.css";

const LOOK: Record<Standing, { icon: IconName; tint: "ok" | "info" | "warn" | "neutral" }> = {
  needsYou: { icon: "warn", tint: "warn" },
  paused: { icon: "slash", tint: "warn" },
  waiting: { icon: "check", tint: "ok" },
  connected: { icon: "check", tint: "ok" },
  available: { icon: "slash", tint: "neutral" },
  onDevice: { icon: "smart_watch", tint: "info" },
  partner: { icon: "lock", tint: "neutral" },
  noCredentials: { icon: "lock", tint: "warn" },
  closed: { icon: "close", tint: "neutral" },
};

export function StandingBadge({ standing }: { standing: Standing }) {
  const t = useText();
  const { icon, tint } = LOOK[standing];
  return (
    <span className={`${styles.badge} ${styles[tint]}`}>
      <Icon name={icon} size={16} />
      {t(`integrations.standing.${standing}`)}
    </span>
  );
}
