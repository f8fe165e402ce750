// Rows, times and days of the log as texts of the reader's language.
import { useCallback } from "react";
import { useIntl } from "react-intl";
import type { AuditEvent, Connection } from "~/lib/api-types";
import { dayOf } from "~/lib/days";
import { useKindList } from "~/lib/kind-words";
import { useMe } from "~/lib/me";
import { useText, useWord } from "~/lib/text";
import { clockText, DAY } from "~/lib/time";
import type { Visit } from "./fold";
import { sentenceOf } from "./sentence";

export function useSentence(connections: readonly Connection[]): (event: AuditEvent) => string {
  const t = useText();
  const kindList = useKindList();
  return useCallback(
    (event) => {
      const { id, kinds, deviceId, other } = sentenceOf(event);
      const named = typeof kinds === "string" ? t(`log.kinds.${kinds}`) : kinds ? kindList(kinds) : "";
      const device = connections.find((one) => one.id === deviceId)?.name ?? t("log.device.some");
      return t(id, { kinds: named, device, other: other ?? t("log.somebody") });
    },
    [t, kindList, connections],
  );
}

export function useRole(): (role: string) => string {
  const word = useWord();
  return (role) => word("log.role", role);
}

export function useVisitTime(): (visit: Visit) => string {
  const t = useText();
  const intl = useIntl();
  const { timezone } = useMe();
  return ({ count, from, to }) => {
    const clock = (at: number) => clockText(intl, at, timezone);
    if (count === 1) return clock(to);
    const [first, last] = [clock(from), clock(to)];
    return first === last ? t("log.timesAt", { count, at: last }) : t("log.times", { count, from: first, to: last });
  };
}

/** "Today", "Yesterday", then the date with its weekday. */
export function useDayTitle(): (day: string, now: number) => string {
  const intl = useIntl();
  const { timezone } = useMe();
  return (day, now) => {
    const noon = Date.parse(`${day}T12:00:00Z`);
    const age = Math.round((Date.parse(`${dayOf(now, timezone)}T12:00:00Z`) - noon) / DAY);
    if (age === 0 || age === 1) {
      const word = intl.formatRelativeTime(-age, "day", { numeric: "auto" });
      return word.charAt(0).toLocaleUpperCase(intl.locale) + word.slice(1);
    }
    return intl.formatDate(noon, { dateStyle: "full", timeZone: "UTC" });
  };
}
