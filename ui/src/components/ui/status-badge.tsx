// The one picture of a connection's state: icon, word, tint. Fed by the server's word, never computed here.
import type { ConnectionStatus } from "~/lib/api-types";
import { useText } from "~/lib/text";
import { Icon, type IconName } from "./icon";
import styles from "./status-badge.module.css";

const LOOK: Record<ConnectionStatus, { icon: IconName; tint: string }> = {
  connected: { icon: "check", tint: "ok" },
  pairing: { icon: "turn", tint: "info" },
  disconnected: { icon: "slash", tint: "neutral" },
  failed: { icon: "warn", tint: "warn" },
  revoked: { icon: "close", tint: "neutral" },
};

export function StatusBadge({ status }: { status: ConnectionStatus }) {
  const t = useText();
  const { icon, tint } = LOOK[status];
  return (
    <span className={`${styles.badge} ${styles[tint]}`}>
      <Icon name={icon} size={16} />
      {t(`status.${status}`)}
    </span>
  );
}
