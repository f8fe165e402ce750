// The one picture of an account's standing.
import { Badge, type Tint } from "~/components/ui/badge";
import type { IconName } from "~/components/ui/icon";
import { useText } from "~/lib/text";
import type { Standing } from "../view";

const LOOK: Record<Standing, { icon: IconName; tint: Tint }> = {
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
  return <Badge {...LOOK[standing]}>{t(`integrations.standing.${standing}`)}</Badge>;
}
