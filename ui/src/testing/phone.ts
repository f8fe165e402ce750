// The phone around the app in tests: its key store, its health store, and the links that open the app. Plugins alone are
// played; a test says `vi.mock("@capacitor/app", async () => (await import("~/testing/phone")).appPlugin)`.
import type { HealthSample } from "@capgo/capacitor-health";

type Listener = (event: never) => void;

export const phone = {
  keys: new Map<string, unknown>(),
  launchedBy: undefined as string | undefined,
  platform: "ios" as "ios" | "android" | "web",
  samples: [] as HealthSample[],
  /** What the sheet was opened with. */
  asked: [] as string[][],
  refusesToRead: false,
  listeners: new Map<string, Set<Listener>>(),
  /** As the system does it: a link was followed, or the app came back to the front. */
  say(event: string, value: unknown = undefined) {
    for (const listener of phone.listeners.get(event) ?? []) listener(value as never);
  },
  reset() {
    Object.assign(phone, { launchedBy: undefined, platform: "ios", samples: [], asked: [], refusesToRead: false });
    phone.keys.clear();
    phone.listeners.clear();
  },
};

export const keyStorePlugin = {
  KeychainAccess: { whenUnlocked: 0, whenUnlockedThisDeviceOnly: 1 },
  SecureStorage: {
    set: (key: string, value: unknown) => Promise.resolve(void phone.keys.set(key, value)),
    get: (key: string) => Promise.resolve(phone.keys.get(key) ?? null),
    remove: (key: string) => Promise.resolve(phone.keys.delete(key)),
  },
};

export const appPlugin = {
  App: {
    getLaunchUrl: () => Promise.resolve(phone.launchedBy ? { url: phone.launchedBy } : undefined),
    exitApp: () => Promise.resolve(),
    addListener: (event: string, listener: Listener) => {
      const all = phone.listeners.get(event) ?? new Set();
      phone.listeners.set(event, all.add(listener));
      return Promise.resolve({ remove: () => Promise.resolve(void all.delete(listener)) });
    },
  },
};

export const healthPlugin = {
  Health: {
    isAvailable: () => Promise.resolve({ available: phone.platform !== "web", platform: phone.platform }),
    requestAuthorization: ({ read }: { read: string[] }) => Promise.resolve(void phone.asked.push(read)),
    openHealthConnectSettings: () => Promise.resolve(),
    readSamples: ({ dataType, startDate, endDate }: { dataType: string; startDate: string; endDate: string }) =>
      phone.refusesToRead
        ? Promise.reject(new Error("not authorized"))
        : Promise.resolve({ samples: phone.samples.filter((one) => one.dataType === dataType && one.startDate >= startDate && one.startDate < endDate) }),
  },
};
