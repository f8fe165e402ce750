// The catalogue of device models.
import { queryOptions } from "@tanstack/react-query";
import { api, ask } from "~/lib/api";
import type { DeviceModel, DeviceType } from "~/lib/api-types";
import { keys } from "~/lib/keys";

export const modelsQuery = (deviceType: DeviceType) =>
  queryOptions({
    queryKey: keys.models(deviceType),
    queryFn: async ({ signal }) =>
      (await ask(api.GET("/api/v1/devices", { params: { query: { device_type: deviceType, limit: 1000 } }, signal }))).items,
    staleTime: Infinity,
  });

/** By name, maker and model number, in any order of words. */
export function search(models: readonly DeviceModel[], text: string): DeviceModel[] {
  const words = text.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  return models.filter((model) => {
    const all = `${model.vendor_name} ${model.name} ${model.model}`.toLocaleLowerCase();
    return words.every((word) => all.includes(word));
  });
}
