// The transport: one typed client, the CSRF header, and answers turned into values or ApiProblem. Shows nothing.
import createClient from "openapi-fetch";
import type { paths } from "./api-types";
import { isSignedInHere, prove, RequestThere } from "./companion/here";
import { ApiProblem, problemOf } from "./problem";
import { isText, wordsAreHere } from "./words";

const SAFE = new Set(["GET", "HEAD"]);

export function csrfToken(cookies: string = document.cookie): string {
  const pair = cookies.split("; ").find((cookie) => cookie.startsWith("__Host-csrf="));
  return pair ? decodeURIComponent(pair.slice(pair.indexOf("=") + 1)) : "";
}

/** Without this cookie, or the app's bearer, nobody is signed in; asking the server would only earn a 401. */
export function mayHaveSession(): boolean {
  return import.meta.env.VITE_APP ? isSignedInHere() : csrfToken() !== "";
}

/** Called after every answer: the session clock reads from it when the server last heard from us. */
let onContact: (status: number) => void = () => {};
export function watchContact(listener: (status: number) => void): void {
  onContact = listener;
}

async function send(request: Request): Promise<Response> {
  try {
    return await globalThis.fetch(request);
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    throw new ApiProblem(0, "network");
  }
}

export const api = createClient<paths>(
  import.meta.env.VITE_APP
    ? { Request: RequestThere, credentials: "omit", headers: { Accept: "application/json" }, fetch: send }
    : { baseUrl: globalThis.location.origin, credentials: "same-origin", headers: { Accept: "application/json" }, fetch: send },
);

api.use({
  onRequest({ request }) {
    if (import.meta.env.VITE_APP) prove(request);
    if (!SAFE.has(request.method)) {
      if (!import.meta.env.VITE_APP) request.headers.set("X-CSRF-Token", csrfToken());
      request.headers.set("Content-Type", "application/json");
    }
    return request;
  },
  onResponse({ response }) {
    onContact(response.status);
    return response;
  },
});

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The value of an answer; every other outcome is thrown as ApiProblem, when the words for it are here or cannot be had. */
export async function ask<T>(call: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await call;
  if (!response.ok) {
    const problem = problemOf(response, error);
    if (!isText(`error.${problem.code}`)) await wordsAreHere(import("./problem-words")).catch(() => {});
    throw problem;
  }
  return data as T;
}

/** A fresh key for a POST that creates. Keep it over retries of the same wish. */
export function newKey(): { "Idempotency-Key": string } {
  return { "Idempotency-Key": crypto.randomUUID() };
}
