// The link that a code carries, read with suspicion: anybody can make a link. Pure.

/** As the platform makes pairing tokens: 128 bits in URL-safe letters. */
const TOKEN = /^[A-Za-z0-9_-]{16,64}$/;
/** The https way to the same page of the app. */
export const APP_PATH = "/app/pair";

/**
 * The token of `deviceconnect://pair?token=…` or of this app's own `https://…/app/pair?token=…`, or null. A link that
 * names any other host, port, path or user is nobody's: the token would be good, and the person led elsewhere.
 */
export function tokenOfLink(link: string, server: string): string | null {
  let url: URL;
  try {
    url = new URL(link);
  } catch {
    return null;
  }
  if (url.username || url.password || url.hash) return null;
  // Engines differ in whether `pair` of our own scheme is a host or a path.
  const place = `${url.host}${url.pathname}`.replaceAll(/^\/+|\/+$/g, "");
  const isOurs = url.protocol === "deviceconnect:" ? place === "pair" && url.port === "" : url.protocol === "https:" && url.origin === server && url.pathname === APP_PATH;
  const names = [...url.searchParams.keys()];
  return isOurs && names.length === 1 && names[0] === "token" ? tokenOfText(url.searchParams.get("token") ?? "") : null;
}

/** What a person typed from the screen: spaces do not count. */
export function tokenOfText(text: string): string | null {
  const token = text.replaceAll(/\s/g, "");
  return TOKEN.test(token) ? token : null;
}
