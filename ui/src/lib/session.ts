// When does a signed-in page end, and where does one come back to? The rules of the idle clock and of the front door.
import { MINUTE } from "./time";

export const IDLE_MS = 15 * MINUTE;
export const WARN_MS = 13 * MINUTE;
/** While a person is active but nothing is asked, the server is told this often that the session is in use. */
export const KEEP_ALIVE_MS = 2 * MINUTE;

export type SessionPhase = "active" | "warning" | "over";

/** `usedAt`: the person's last touch or key on any tab of this browser. */
export function sessionPhase(usedAt: number, now: number): SessionPhase {
  const idle = now - usedAt;
  if (idle >= IDLE_MS) return "over";
  return idle >= WARN_MS ? "warning" : "active";
}

export function needsKeepAlive(usedAt: number, contactAt: number, now: number): boolean {
  return usedAt > contactAt && now - contactAt >= KEEP_ALIVE_MS;
}

export type TabMessage = { type: "used"; at: number } | { type: "signed-out" };

/** Only paths of this app come back after signing in; never another site. */
export function safeNext(next: string | undefined): string {
  return next && /^\/(?![/\\])/.test(next) && !next.startsWith("/sign") ? next : "/devices";
}

export function signInUrl(next: string | undefined): string {
  return `/auth/login?next=${encodeURIComponent(safeNext(next))}`;
}

const SIGNED_OUT = "signed-out";

/** Remembered over the way to the identity provider and back, so that the person is told that it is done. */
export function rememberSignedOut(): void {
  try {
    sessionStorage.setItem(SIGNED_OUT, "1");
  } catch {
    // Without storage the front door is shown instead, which says it too.
  }
}

export function takeSignedOut(): boolean {
  try {
    const was = sessionStorage.getItem(SIGNED_OUT) !== null;
    sessionStorage.removeItem(SIGNED_OUT);
    return was;
  } catch {
    return false;
  }
}
