// Tabs of one browser share a session: what is done in one is known in the others.
import type { TabMessage } from "~/lib/session";

const channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel("device-connect-session");

export function tellTabs(message: TabMessage): void {
  channel?.postMessage(message);
}

export function hearTabs(listener: (message: TabMessage) => void): () => void {
  const hear = (event: MessageEvent<TabMessage>) => listener(event.data);
  channel?.addEventListener("message", hear);
  return () => channel?.removeEventListener("message", hear);
}
