// Days and moments of grants and agreements, in words.
import { useCallback } from "react";
import { useIntl } from "react-intl";
import { dayOf } from "~/lib/days";
import { useZone } from "~/lib/me";
import { hourStyle } from "~/lib/time";

/** "12 December 2026", of a day or of a moment in the person's zone. */
export function useDayText(): (day: string | number) => string {
  const intl = useIntl();
  const { zone } = useZone();
  return useCallback(
    (day) => intl.formatDate(`${typeof day === "string" ? day : dayOf(day, zone)}T12:00:00Z`, { dateStyle: "long", timeZone: "UTC" }),
    [intl, zone],
  );
}

/** The last day before a moment at which something ends. */
export const lastMoment = (until: string) => Date.parse(until) - 1;

/** "12 December 2026, 14:05". */
export function useMomentText(): (at: string) => string {
  const intl = useIntl();
  const { zone } = useZone();
  return useCallback(
    (at) => intl.formatDate(at, { day: "numeric", month: "long", year: "numeric", ...hourStyle(intl.locale), timeZone: zone }),
    [intl, zone],
  );
}
