// Signing in from the app: away to the system's browser with a challenge, back by a link with a code, and the code for a
// bearer (RFC 8252, RFC 7636). The password never passes through the app.
import { api, ask } from "~/lib/api";
import { ApiProblem } from "~/lib/problem";
import { safeNext } from "~/lib/session";
import { setBearer, there } from "./here";
import { begunKept, dropBegun, dropToken, keepBegun, keepToken } from "./token-store";

/**
 * The address to go to. What proves later that it was us stays in the key store: the same until it has been answered, for a
 * person may open the app again while the browser still waits for them.
 */
export async function beginSignIn(next: string | undefined): Promise<string> {
  const verifier = (await begunKept())?.verifier ?? lettersOf(crypto.getRandomValues(new Uint8Array(48)));
  await keepBegun({ verifier, next: safeNext(next) });
  const url = there("/auth/login");
  url.searchParams.set("app_challenge", await challengeOf(verifier));
  return url.href;
}

/** Where to go now that a person is signed in; null when this phone has begun no sign-in. Throws `ApiProblem`. */
export async function finishSignIn(code: string): Promise<string | null> {
  const begun = await begunKept();
  if (!begun) return null;
  try {
    const { access_token } = await ask(api.POST("/auth/app/token", { body: { code, verifier: begun.verifier } }));
    await keepToken(access_token);
    setBearer(access_token);
  } catch (error) {
    // Without an answer the code may still be good; anything else has spent it.
    if (!(error instanceof ApiProblem && error.code === "network")) await dropBegun();
    // Nobody was signed in, so no session has ended: 401 would say that.
    throw error instanceof ApiProblem && error.status === 401 ? new ApiProblem(410, "code_spent", error.requestId) : error;
  }
  await dropBegun();
  return begun.next;
}

/** Nothing of the session stays on the phone. */
export function forgetSession(): Promise<void> {
  setBearer(null);
  return dropToken();
}

export async function challengeOf(verifier: string): Promise<string> {
  return lettersOf(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))));
}

/** Base64 in the letters of addresses, without padding. */
function lettersOf(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
