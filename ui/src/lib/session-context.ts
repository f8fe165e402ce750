// How any part of the app ends the session: values leave the screen and the cache, and the reason is shown.
import { createContext, useContext } from "react";

export type EndReason = "signed-out" | "idle" | "ended";
export interface Session {
  /** The server is asked to end it: what else breaks off meanwhile is no other end. */
  expect: (reason: EndReason) => void;
  end: (reason: EndReason) => Promise<void>;
  /** Ends it too; the identity provider at this address ends its own and sends the browser back to our front door. */
  leave: (address: string) => void;
}

export const SessionContext = createContext<Session>({ expect: () => {}, end: async () => {}, leave: () => {} });
export const useSession = () => useContext(SessionContext);
