// One measurement that came here more than once: for each of its readings, the other ways by which it came. Pure.
import type { IntlShape } from "react-intl";
import type { ReadingItem } from "~/lib/api-types";
import { say } from "~/lib/text";
import { dayText } from "~/lib/time";
import type { Clock } from "./describe";

export interface Copy {
  connectionId: string;
  at: string;
}

/** By the id of a reading. */
export type Copies = ReadonlyMap<string, readonly Copy[]>;

/** The platform shows one of them and names the others; who looks at the device of another asks from there. */
export function copiesOf(items: readonly ReadingItem[]): Copies {
  const copies = new Map<string, readonly Copy[]>();
  for (const { also = [], ...head } of items) {
    const ways = [head, ...also];
    if (ways.length < 2) continue;
    for (const { id } of ways) {
      copies.set(id, ways.filter((way) => way.id !== id).map((way) => ({ connectionId: way.device_connection_id, at: way.timestamp })));
    }
  }
  return copies;
}

/** "also received from Bathroom scale (today 08:31)"; null for what came in one way. */
export function alsoText(intl: IntlShape, copies: readonly Copy[], nameOf: (connectionId: string) => string | undefined, { now, timeZone, isZoneNamed }: Clock): string | null {
  if (copies.length === 0) return null;
  const sources = copies.map(({ connectionId, at }) =>
    say(intl, "dash.also.source", {
      name: nameOf(connectionId) ?? say(intl, "dash.also.other"),
      when: dayText(intl, Date.parse(at), now, timeZone, isZoneNamed),
    }),
  );
  return say(intl, "dash.also", { sources: intl.formatList(sources) });
}
