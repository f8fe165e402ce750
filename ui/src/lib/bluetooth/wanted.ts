// Which devices the list shall show: what pairing said, or what the model measures. Pure.
import { shortUuid, type Wanted } from "~/lib/bluetooth/room";

interface Filters {
  filters: readonly Record<string, unknown>[];
}

/** From the answer of pair/start: services of any of the filters, and what names begin with. */
export function wantedOf({ filters }: Filters): Wanted {
  const services = filters.flatMap((filter) => (Array.isArray(filter.services) ? filter.services.map(String) : []));
  const namePrefixes = filters.flatMap((filter) => (typeof filter.namePrefix === "string" ? [filter.namePrefix] : []));
  return { services: [...new Set(services.map(shortUuid))], namePrefixes };
}

export const wantedOfModel = (model: { ble_services: readonly string[] }): Wanted => ({ services: model.ble_services.map(shortUuid) });

/** The name under which a pairing knows the device. A browser hides addresses; its own id is good for this browser. */
export const deviceIdOf = (id: string): string => `web-${id.replaceAll(/[^A-Za-z0-9._:-]/g, "_")}`.slice(0, 128);
