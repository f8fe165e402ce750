// "Ana stopped sharing blood pressure with you at 14:07": what was taken back while this page is open.
import { useQuery } from "@tanstack/react-query";
import { useIntl } from "react-intl";
import { Notice } from "~/components/ui/notice";
import { useNow } from "~/lib/clock";
import { keys } from "~/lib/keys";
import { useKindList } from "~/lib/kind-words";
import { useMe } from "~/lib/me";
import { receivedQuery, sharersOf } from "~/lib/received";
import type { Stopped } from "~/lib/stopped";
import { useText } from "~/lib/text";
import { clockText } from "~/lib/time";

/** More kinds than these are told as all. */
const FEW = 4;

/** Newest first; only ever written by the live stream. */
export function useStopped(): readonly Stopped[] {
  return useQuery<Stopped[]>({ queryKey: keys.stopped, queryFn: () => [], enabled: false, initialData: [], staleTime: Infinity }).data;
}

export function useStoppedText(): (one: Stopped) => string {
  const t = useText();
  const intl = useIntl();
  const kindList = useKindList();
  const { timezone } = useMe();
  return ({ name, kinds, at }) => {
    const time = clockText(intl, at, timezone);
    if (name === null) return t("shared.stoppedSomebody", { time });
    return kinds && kinds.length <= FEW ? t("shared.stopped", { name, kinds: kindList(kinds), time }) : t("shared.stoppedAll", { name, time });
  };
}

/** The newest word of each person; not any more when they share all of it again. */
export function StoppedNotices({ patientId }: { patientId?: string }) {
  const t = useText();
  const text = useStoppedText();
  const me = useMe();
  const received = useQuery(receivedQuery(me));
  const sharers = sharersOf(received.data ?? [], useNow());
  const isAgain = (one: Stopped) => {
    const now = sharers.find(({ id }) => id === one.patientId);
    return now !== undefined && (one.kinds ?? now.kinds).every((kind) => now.kinds.includes(kind)) && one.connectionIds.length !== 1;
  };
  const newest = useStopped().filter((one, index, all) => all.findIndex((other) => other.patientId === one.patientId) === index);
  const shown = newest.filter((one) => !isAgain(one) && (patientId === undefined || one.patientId === patientId));
  return shown.map((one) => (
    <Notice key={one.patientId} tone="info" icon="lock" role="status" title={text(one)}>
      <p>{t("shared.stopped.text")}</p>
    </Notice>
  ));
}
