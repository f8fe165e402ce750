// How any part of the app ends the session: values leave the screen and the cache, and the reason is shown.
import { createContext, useContext } from "react";

export type EndReason = "signed-out" | "idle" | "ended";
export interface Session {
  /** The server is asked to end it: what else breaks off meanwhile is no other end. */
  expect: (reason: EndReason) => void;
  end: (reason: EndReason) => Promise<void>;
  /** Goes to another site at this address with nothing left on screen: to the identity provider, which ends its own
   * session and sends the browser back to our front door, or to where a maker asks for the person's yes. */
  leave: (address: string) => void;
}

export const SessionContext = createContext<Session>({ expect: () => {}, end: async () => {}, leave: () => {} });
export const useSession = () => useContext(SessionContext);
