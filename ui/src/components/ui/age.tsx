// A time for people: age up to a day, then the date; the whole truth with its zone on hover and for machines.
import { useIntl } from "react-intl";
import { useNow } from "~/lib/clock";
import { useZone } from "~/lib/me";
import { ageText, dayText, fullText } from "~/lib/time";

export function Age({ at }: { at: string }) {
  const intl = useIntl();
  const now = useNow();
  const { zone } = useZone();
  const time = Date.parse(at);
  return (
    <time dateTime={at} title={fullText(intl, time, zone)}>
      {ageText(intl, time, Math.max(now, Math.min(time, now + 60_000)), zone)}
    </time>
  );
}

/** "today 08:30", for where a clock time says more than an age. */
export function Moment({ at }: { at: string }) {
  const intl = useIntl();
  const now = useNow();
  const { zone, isNamed } = useZone();
  const time = Date.parse(at);
  return (
    <time dateTime={at} title={fullText(intl, time, zone)}>
      {dayText(intl, time, now, zone, isNamed)}
    </time>
  );
}
