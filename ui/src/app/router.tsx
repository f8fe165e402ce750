// Every address of the app. Pages load when they are opened; what a page shows is kept in typed search parameters.
import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import { mayHaveSession } from "~/lib/api";
import type { DeviceType, Kind, PairingMethod } from "~/lib/api-types";
import { DEVICE_TYPES, KINDS } from "~/lib/kinds";
import { RANGE_IDS, type RangeId } from "~/lib/keys";
import { meQuery } from "~/lib/me";
import { ApiProblem } from "~/lib/problem";
import { takeSignedOut } from "~/lib/session";
import { speakTo } from "./language";
import { lazyRouteComponent } from "./lazy-page";
import { CrashPage, NotFoundPage } from "./routes/not-found";
import { Shell } from "./shell";
import { DevicesPage } from "./routes/devices";
import { SignedOutPage } from "./routes/signed-out";

export interface RouterContext {
  client: QueryClient;
}

type Search = Record<string, unknown>;
const word = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);
function oneOf<T extends string>(value: unknown, choices: readonly T[]): T | undefined {
  return choices.find((choice) => choice === value);
}

const root = createRootRouteWithContext<RouterContext>()({
  component: Outlet,
  notFoundComponent: NotFoundPage,
  errorComponent: CrashPage,
});

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: !mayHaveSession() && takeSignedOut() ? "/signed-out" : "/devices", replace: true });
  },
});

export interface SignInSearch {
  next?: string;
}
const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: (search: Search): SignInSearch => ({ next: word(search.next) }),
  component: lazyRouteComponent(() => import("./routes/sign-in"), "SignInPage"),
});

export interface SignedOutSearch {
  reason?: "idle" | "ended";
  next?: string;
}
const signedOut = createRoute({
  getParentRoute: () => root,
  path: "/signed-out",
  validateSearch: (search: Search): SignedOutSearch => ({
    reason: oneOf(search.reason, ["idle", "ended"] as const),
    next: word(search.next),
  }),
  component: SignedOutPage,
});

const signedIn = createRoute({
  getParentRoute: () => root,
  id: "signed-in",
  beforeLoad: async ({ context, location }) => {
    const toSignIn = () => redirect({ to: "/sign-in", search: { next: location.href }, replace: true });
    if (!mayHaveSession()) throw toSignIn();
    try {
      await speakTo(await context.client.ensureQueryData(meQuery));
    } catch (error) {
      if (error instanceof ApiProblem && error.status === 401) {
        throw toSignIn();
      }
      throw error;
    }
  },
  component: Shell,
  errorComponent: CrashPage,
});

const devices = createRoute({
  getParentRoute: () => signedIn,
  path: "/devices",
  component: DevicesPage,
});

export interface DeviceSearch {
  range?: RangeId;
  kind?: Kind;
  metric?: string;
  view?: "table" | "report";
}
const device = createRoute({
  getParentRoute: () => signedIn,
  path: "/devices/$id",
  validateSearch: (search: Search): DeviceSearch => ({
    range: oneOf(search.range, RANGE_IDS),
    kind: oneOf(search.kind, KINDS),
    metric: word(search.metric),
    view: oneOf(search.view, ["table", "report"] as const),
  }),
  component: lazyRouteComponent(() => import("./routes/device"), "DevicePage"),
});

const fix = createRoute({
  getParentRoute: () => signedIn,
  path: "/devices/$id/fix",
  component: lazyRouteComponent(() => import("./routes/fix"), "FixPage"),
});

const whose = createRoute({
  getParentRoute: () => signedIn,
  path: "/devices/whose",
  component: lazyRouteComponent(() => import("./routes/whose"), "WhosePage"),
});

const health = createRoute({
  getParentRoute: () => signedIn,
  path: "/health",
  component: lazyRouteComponent(() => import("./routes/health"), "HealthPage"),
});

export interface AdminSearch {
  /** One that the page does not know is its first. */
  part?: string;
  /** The words that models are looked for by. */
  q?: string;
}
const admin = createRoute({
  getParentRoute: () => signedIn,
  path: "/admin",
  validateSearch: ({ part, q }: Search): AdminSearch => ({ part: word(part), q: word(q) }),
  component: lazyRouteComponent(() => import("./routes/admin"), "AdminPage"),
});

export interface PairSearch {
  type?: DeviceType;
  model?: string;
  method?: PairingMethod;
  hub?: string;
  connection?: string;
  /** When pairing was completed, in seconds: only readings since then are "the first". */
  since?: number;
}
const pair = createRoute({
  getParentRoute: () => signedIn,
  path: "/pair/$step",
  validateSearch: (search: Search): PairSearch => ({
    type: oneOf(search.type, DEVICE_TYPES),
    model: word(search.model),
    method: oneOf(search.method, ["vendor_oauth", "hub", "web_bluetooth", "companion_app", "healthkit", "health_connect", "simulated"] as const),
    hub: word(search.hub),
    connection: word(search.connection),
    since: typeof search.since === "number" ? search.since : undefined,
  }),
  component: lazyRouteComponent(() => import("./routes/pair"), "PairPage"),
});
const pairStart = createRoute({
  getParentRoute: () => signedIn,
  path: "/pair",
  beforeLoad: () => {
    throw redirect({ to: "/pair/$step", params: { step: "type" }, replace: true });
  },
});

export interface IntegrationsSearch {
  /** How signing in at a vendor ended: once, on the way back from there. */
  vendor?: string;
  result?: "connected" | "declined" | "error";
}
const integrations = createRoute({
  getParentRoute: () => signedIn,
  path: "/integrations",
  validateSearch: (search: Search): IntegrationsSearch => ({
    vendor: word(search.vendor),
    result: oneOf(search.result, ["connected", "declined", "error"] as const),
  }),
  component: lazyRouteComponent(() => import("./routes/integrations"), "IntegrationsPage"),
});

export interface HistorySearch {
  /** The upload that is read. */
  job?: string;
}
const history = createRoute({
  getParentRoute: () => signedIn,
  path: "/integrations/import",
  validateSearch: ({ job }: Search): HistorySearch => ({ job: word(job) }),
  component: lazyRouteComponent(() => import("./routes/history"), "HistoryPage"),
});

const sharing = createRoute({
  getParentRoute: () => signedIn,
  path: "/sharing",
  component: lazyRouteComponent(() => import("./routes/sharing"), "SharingPage"),
});

/** Whom, what and when, as the page of the log reads them. */
export interface LogSearch {
  who?: string;
  what?: string;
  from?: string;
  to?: string;
}
const sharingLog = createRoute({
  getParentRoute: () => signedIn,
  path: "/sharing/log",
  validateSearch: ({ who, what, from, to }: Search): LogSearch => ({ who: word(who), what: word(what), from: word(from), to: word(to) }),
  component: lazyRouteComponent(() => import("./routes/sharing-log"), "SharingLogPage"),
});

const settings = createRoute({
  getParentRoute: () => signedIn,
  path: "/settings",
  component: lazyRouteComponent(() => import("./routes/settings"), "SettingsPage"),
});

// Pages that the companion app alone has. A browser's build leaves them out.
const appServer = /* @__PURE__ */ createRoute({
  getParentRoute: () => root,
  path: "/app/server",
  validateSearch: (search: Search): SignInSearch => ({ next: word(search.next) }),
  component: /* @__PURE__ */ lazyRouteComponent(() => import("./routes/app-server"), "AppServerPage"),
});
const appSignedIn = /* @__PURE__ */ createRoute({
  getParentRoute: () => root,
  path: "/app/signed-in",
  validateSearch: (search: Search): { code?: string } => ({ code: word(search.code) }),
  component: /* @__PURE__ */ lazyRouteComponent(() => import("./routes/app-signed-in"), "AppSignedInPage"),
});
const appPair = /* @__PURE__ */ createRoute({
  getParentRoute: () => signedIn,
  path: "/app/pair",
  validateSearch: (search: Search): { token?: string } => ({ token: word(search.token) }),
  component: /* @__PURE__ */ lazyRouteComponent(() => import("./routes/app-pair"), "AppPairPage"),
});
const appHealth = /* @__PURE__ */ createRoute({
  getParentRoute: () => signedIn,
  path: "/app/health-data",
  component: /* @__PURE__ */ lazyRouteComponent(() => import("./routes/app-health"), "AppHealthPage"),
});

const inside = [devices, device, fix, whose, health, admin, pair, pairStart, integrations, history, sharing, sharingLog, settings] as const;
const routes = root.addChildren(
  import.meta.env.VITE_APP
    ? [home, signIn, signedOut, appServer, appSignedIn, signedIn.addChildren([...inside, appPair, appHealth])]
    : ([home, signIn, signedOut, signedIn.addChildren(inside)] as never),
);

export function createAppRouter(client: QueryClient) {
  return createRouter({
    routeTree: routes,
    context: { client },
    defaultPreload: false,
    scrollRestoration: true,
    defaultPendingMs: 200,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof createAppRouter>;
  }
}
