// Signing out: the server ends the session, then nothing of it stays in this browser.
import { useMutation } from "@tanstack/react-query";
import { api, ask } from "~/lib/api";
import { rememberSignedOut } from "~/lib/session";
import { useSession } from "~/lib/session-context";
import { tellTabs } from "./tabs";

export function useSignOut() {
  const session = useSession();
  return useMutation({
    mutationFn: () => ask(api.POST("/auth/logout")),
    onSettled: async (answer) => {
      tellTabs({ type: "signed-out" });
      await session.end("signed-out");
      // The identity provider may want to end its own session; a path of ours is the page we are on already.
      if (answer && /^https?:\/\//.test(answer.redirect)) {
        rememberSignedOut();
        location.assign(answer.redirect);
      }
    },
  });
}
