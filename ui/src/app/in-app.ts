// The same pages in the companion app: what is known is fetched before they are drawn, and links that open the app are
// answered. A browser has none of this.
import { App as Phone } from "@capacitor/app";
import { serverHere, setBearer, setServer } from "~/lib/companion/here";
import { codeOfLink, tokenOfLink } from "~/lib/companion/pair-link";
import { serverKept, tokenKept } from "~/lib/companion/token-store";
import type { AppParts } from "./app";

/** Where an app that was opened by this link goes; null for a link that is nobody's. */
export function pathOfLink(link: string, server: string): string | null {
  const code = codeOfLink(link);
  if (code) return `/app/signed-in?code=${code}`;
  const token = tokenOfLink(link, server);
  return token && withServer(`/app/pair?token=${token}`, server);
}

/** Without a server to ask, its address is asked for first. */
export function withServer(path: string, server: string): string {
  return server === "" ? `/app/server?next=${encodeURIComponent(path)}` : path;
}

/** Before anything is drawn: the server, the proof of who is signed in, and the link that opened the app. */
export async function wakeUp(): Promise<void> {
  // A key store that cannot be read is an empty one: the person signs in again, and the app is not a blank screen.
  const [server, token, launched] = await Promise.all([serverKept().catch(() => null), tokenKept().catch(() => null), Phone.getLaunchUrl()]);
  setServer(server ?? "");
  setBearer(token);
  const here = location.pathname + location.search;
  const path = (launched && pathOfLink(launched.url, serverHere())) ?? withServer(here === "/index.html" ? "/" : here, serverHere());
  if (path !== here) history.replaceState(null, "", path);
}

/** Links that come while the app is open. */
export function hearLinks({ router }: AppParts): void {
  void Phone.addListener("appUrlOpen", ({ url }) => {
    const path = pathOfLink(url, serverHere());
    if (path) router.history.push(path);
  });
  void Phone.addListener("backButton", ({ canGoBack }) => (canGoBack ? router.history.back() : void Phone.exitApp()));
}
