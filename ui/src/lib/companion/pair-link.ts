// The links that open the app, read with suspicion: anybody can make a link. Pure.

/** As the platform makes pairing tokens: 128 bits in URL-safe letters. */
const TOKEN = /^[A-Za-z0-9_-]{16,64}$/;
/** The https way to the same page of the app. */
export const APP_PATH = "/app/pair";
/** As the gateway makes the codes of a sign-in. */
const CODE = /^[A-Za-z0-9_-]{32,128}$/;

/**
 * The token of `deviceconnect://pair?token=…` or of this app's own `https://…/app/pair?token=…`, or null. A link that
 * names any other host, port, path or user is nobody's: the token would be good, and the person led elsewhere.
 */
export function tokenOfLink(link: string, server: string): string | null {
  const url = plainUrl(link);
  if (!url) return null;
  const isOurs = isOwnPlace(url, "pair") || (url.protocol === "https:" && url.origin === server && url.pathname === APP_PATH);
  return isOurs ? tokenOfText(onlyValue(url, "token") ?? "") : null;
}

/** The code of `deviceconnect://signed-in?code=…`, by which a sign-in comes back from the browser, or null. */
export function codeOfLink(link: string): string | null {
  const url = plainUrl(link);
  const code = url && isOwnPlace(url, "signed-in") ? onlyValue(url, "code") : null;
  return code && CODE.test(code) ? code : null;
}

function plainUrl(link: string): URL | null {
  try {
    const url = new URL(link);
    return url.username || url.password || url.hash ? null : url;
  } catch {
    return null;
  }
}

/** Engines differ in whether the place of our own scheme is a host or a path. */
function isOwnPlace(url: URL, place: string): boolean {
  return url.protocol === "deviceconnect:" && url.port === "" && `${url.host}${url.pathname}`.replaceAll(/^\/+|\/+$/g, "") === place;
}

function onlyValue(url: URL, name: string): string | null {
  const names = [...url.searchParams.keys()];
  return names.length === 1 && names[0] === name ? url.searchParams.get(name) : null;
}

/** What a person typed from the screen: spaces do not count. */
export function tokenOfText(text: string): string | null {
  const token = text.replaceAll(/\s/g, "");
  return TOKEN.test(token) ? token : null;
}
