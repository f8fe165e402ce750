// How any part of the app ends the session: values leave the screen and the cache, and the reason is shown.
import { createContext, useContext } from "react";

export type EndReason = "signed-out" | "idle" | "ended";
export interface Session {
  end: (reason: EndReason) => Promise<void>;
}

export const SessionContext = createContext<Session>({ end: async () => {} });
export const useSession = () => useContext(SessionContext);
