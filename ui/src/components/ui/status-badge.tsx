// The one picture of a connection's state. Fed by the server's word, never computed here.
import type { ConnectionStatus } from "~/lib/api-types";
import { useText } from "~/lib/text";
import { Badge, type Tint } from "./badge";
import type { IconName } from "./icon";

const LOOK: Record<ConnectionStatus, { icon: IconName; tint: Tint }> = {
  connected: { icon: "check", tint: "ok" },
  pairing: { icon: "turn", tint: "info" },
  disconnected: { icon: "slash", tint: "neutral" },
  failed: { icon: "warn", tint: "warn" },
  revoked: { icon: "close", tint: "neutral" },
};

export function StatusBadge({ status }: { status: ConnectionStatus }) {
  const t = useText();
  return <Badge {...LOOK[status]}>{t(`status.${status}`)}</Badge>;
}
