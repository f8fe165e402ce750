// The health store of this phone: Apple Health or Health Connect. Read only. Loaded by the app, never by a browser's page.
import { Health } from "@capgo/capacitor-health";
import type { HealthStore } from "./store";

/** More than a day of the busiest sensor has. */
const LIMIT = 20_000;

export const phoneStore: HealthStore = {
  async name() {
    const { available, platform } = await Health.isAvailable();
    if (!available) return null;
    return platform === "ios" ? "healthkit" : platform === "android" ? "health_connect" : null;
  },

  async choose(types) {
    await Health.requestAuthorization({ read: [...types] });
  },

  async read(type, since, until) {
    const { samples } = await Health.readSamples({
      dataType: type,
      startDate: since.toISOString(),
      endDate: until.toISOString(),
      limit: LIMIT,
      ascending: true,
    });
    return { samples, isWhole: samples.length < LIMIT };
  },

  openSettings: () => Health.openHealthConnectSettings(),
};
