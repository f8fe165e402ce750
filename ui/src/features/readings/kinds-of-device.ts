// Which kinds a device's page offers, and which it opens with. Pure.
import type { Connection, Kind } from "~/lib/api-types";
import { KINDS, PRIMARY_KIND } from "~/lib/kinds";
import { metricOf } from "~/lib/metrics";
import type { LatestMap } from "~/lib/readings";
import { latestOf } from "./parts";

/** What it may send and what it has sent, in the house's order, its own purpose first. */
export function kindsOf(connection: Connection, latest: LatestMap): Kind[] {
  const sent = Object.keys(latest).map((name) => metricOf(name)?.kind);
  const all = new Set<Kind | undefined>([...(connection.consent?.data_kinds ?? []), ...sent]);
  const primary = PRIMARY_KIND[connection.device_type];
  const kinds = KINDS.filter((kind) => all.has(kind));
  if (kinds.length === 0) return [primary];
  return kinds.includes(primary) ? [primary, ...kinds.filter((kind) => kind !== primary)] : kinds;
}

/** The chosen kind, else the device's purpose if it has sent any, else what it sent last, else its purpose. */
export function chooseKind(connection: Connection, kinds: readonly Kind[], latest: LatestMap, wanted: Kind | undefined): Kind {
  if (wanted && kinds.includes(wanted)) return wanted;
  const first = kinds[0] ?? PRIMARY_KIND[connection.device_type];
  if (latestOf(latest, first)) return first;
  const newest = kinds
    .map((kind) => ({ kind, at: latestOf(latest, kind)?.at }))
    .filter((one) => one.at !== undefined)
    .sort((a, b) => Date.parse(b.at ?? "") - Date.parse(a.at ?? ""))[0];
  return newest?.kind ?? first;
}
