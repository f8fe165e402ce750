// The cache of server data: in memory only. A 401 from any call ends the session, once.
import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { keys } from "~/lib/keys";
import { ApiProblem } from "~/lib/problem";

const RETRIES = 2;

export function createQueryClient(onUnauthenticated: () => void): QueryClient {
  const watch = (error: unknown) => {
    if (error instanceof ApiProblem && error.status === 401) onUnauthenticated();
  };
  return new QueryClient({
    queryCache: new QueryCache({
      // Asking who is signed in is how a page finds out that nobody is: its route decides what that means.
      onError: (error, query) => (query.queryKey[0] === keys.me[0] ? undefined : watch(error)),
    }),
    mutationCache: new MutationCache({ onError: watch }),
    defaultOptions: {
      queries: {
        networkMode: "always",
        refetchOnWindowFocus: false,
        retry: (count, error) =>
          navigator.onLine && count < RETRIES && error instanceof ApiProblem && (error.status === 0 || error.status >= 500),
        retryDelay: (attempt) => 500 * 2 ** attempt,
      },
      mutations: { networkMode: "always", retry: false },
    },
  });
}
