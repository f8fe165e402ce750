// Where the app's server is, and who is signed in to it: known to every request once the app is awake. The app's build alone
// has this; a browser's pages come from their server and carry a cookie.

let server = "";
let bearer: string | null = null;

/** The origin of the server; empty until a person has said it. */
export const serverHere = () => server;
export const isSignedInHere = () => bearer !== null;

export function setServer(origin: string): void {
  server = origin;
}

export function setBearer(token: string | null): void {
  bearer = token;
}

/** A path of ours, at the server. */
export function there(path: string): URL {
  return new URL(path, server);
}

/** What openapi-fetch builds its requests with: its paths have no origin, since that is known later than it is made. */
export class RequestThere extends Request {
  constructor(path: RequestInfo | URL, options?: RequestInit) {
    super(typeof path === "string" ? there(path) : path, options);
  }
}

/** The bearer is its own proof: no cookie goes along, and no CSRF token is needed. */
export function prove(request: Request): void {
  if (bearer !== null) request.headers.set("Authorization", `Bearer ${bearer}`);
}
