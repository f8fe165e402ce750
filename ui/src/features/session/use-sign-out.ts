// Signing out, here or everywhere: the server ends the session, then nothing of it stays in this browser.
import { useMutation } from "@tanstack/react-query";
import { api, ask } from "~/lib/api";
import { rememberSignedOut } from "~/lib/session";
import { useSession } from "~/lib/session-context";
import { tellTabs } from "./tabs";

export function useSignOut() {
  const session = useSession();
  return useMutation({
    mutationFn: async (query?: { everywhere: "true" } | void) => {
      // While the session still lives: a device may have values that are not sent yet.
      await (await import("~/lib/bluetooth/session")).leaveBluetooth().catch(() => undefined);
      session.expect("signed-out");
      return ask(api.POST("/auth/logout", { params: { query: query ?? {} } }));
    },
    onSettled: (answer) => {
      tellTabs({ type: "signed-out" });
      // The identity provider may want to end its own session; its way back ends at the page that says so. Without it, or
      // with a path of ours, that page is next.
      if (!answer || !/^https?:\/\//.test(answer.redirect)) return session.end("signed-out");
      rememberSignedOut();
      session.leave(answer.redirect);
    },
  });
}
