// The app: cache, router and language put together, and the one way a session ends.
import { QueryClientProvider, type QueryClient } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { useSyncExternalStore } from "react";
import { setBearer } from "~/lib/companion/here";
import { SessionContext, type EndReason, type Session } from "~/lib/session-context";
import { beginSpeaking, Language } from "./language";
import { createQueryClient } from "./query-client";
import { createAppRouter } from "./router";

export interface AppParts {
  client: QueryClient;
  router: ReturnType<typeof createAppRouter>;
  session: Session;
  /** The browser is on its way to another site; nothing is shown until it has gone. */
  left: { watch: (listener: () => void) => () => void; read: () => boolean };
}

export function createApp(go = (address: string) => location.replace(address)): AppParts {
  let ending = false;
  let expected: EndReason | undefined;
  let hasLeft = false;
  const watchers = new Set<() => void>();
  const end = async (reason: EndReason) => {
    if (ending || (expected && reason !== expected)) return;
    ending = true;
    expected = undefined;
    const next = reason === "signed-out" ? undefined : router.state.location.href;
    // The page with values goes first, then the values: nothing may be asked again in between.
    await router.navigate({
      to: "/signed-out",
      search: { reason: reason === "signed-out" ? undefined : reason, next },
      replace: true,
    });
    client.clear();
    if (import.meta.env.VITE_APP) {
      setBearer(null);
      void import("~/lib/companion/leave").then(({ leavePhone }) => leavePhone(reason));
    }
    ending = false;
  };
  const leave = (address: string) => {
    // The phone opens it in its browser, and the app stays as it is behind it.
    if (import.meta.env.VITE_APP) return go(address);
    ending = hasLeft = true;
    for (const tell of watchers) tell();
    client.clear();
    go(address);
  };
  beginSpeaking();
  const client = createQueryClient(() => void end("ended"));
  const router = createAppRouter(client);
  return {
    client,
    router,
    session: { expect: (reason) => (expected = reason), end, leave },
    left: { watch: (tell) => (watchers.add(tell), () => watchers.delete(tell)), read: () => hasLeft },
  };
}

export function App({ client, router, session, left }: AppParts) {
  if (useSyncExternalStore(left.watch, left.read)) return null;
  return (
    <QueryClientProvider client={client}>
      <Language>
        <SessionContext value={session}>
          <RouterProvider router={router} />
        </SessionContext>
      </Language>
    </QueryClientProvider>
  );
}
