// The app: cache, router and language put together, and the one way a session ends.
import { QueryClientProvider, type QueryClient } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { SessionContext, type EndReason, type Session } from "~/lib/session-context";
import { Language } from "./language";
import { readingLocale } from "./locale";
import { createQueryClient } from "./query-client";
import { createAppRouter } from "./router";

export interface AppParts {
  client: QueryClient;
  router: ReturnType<typeof createAppRouter>;
  session: Session;
}

export function createApp(): AppParts {
  let ending = false;
  const end = async (reason: EndReason) => {
    if (ending) return;
    ending = true;
    const next = reason === "signed-out" ? undefined : router.state.location.href;
    // The page with values goes first, then the values: nothing may be asked again in between.
    await router.navigate({
      to: "/signed-out",
      search: { reason: reason === "signed-out" ? undefined : reason, next },
      replace: true,
    });
    client.clear();
    ending = false;
  };
  const client = createQueryClient(() => void end("ended"));
  const router = createAppRouter(client);
  return { client, router, session: { end } };
}

export function App({ client, router, session }: AppParts) {
  return (
    <Language locale={readingLocale(undefined, navigator.languages)}>
      <QueryClientProvider client={client}>
        <SessionContext value={session}>
          <RouterProvider router={router} />
        </SessionContext>
      </QueryClientProvider>
    </Language>
  );
}
