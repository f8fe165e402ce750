// The network of tests: a small platform with one patient. A test changes one answer with `server.use`.
import { http, HttpResponse, ws } from "msw";
import { setupServer } from "msw/node";
import { connection, consentText, hub, integration, me, model } from "./fixtures";

const page = <T>(items: T[]) => HttpResponse.json({ items, next_cursor: null });

export const problem = (status: number, code: string) =>
  HttpResponse.json(
    { type: "about:blank", title: code, status, detail: "", code, errors: [] },
    { status, headers: { "Content-Type": "application/problem+json", "X-Request-Id": "req-1" } },
  );

export const api = (path: string) => `http://localhost:8080${path}`;
export const live = ws.link("ws://localhost:8080/ws/live");

const NO_PATTERN = { days: 0, days_wanted: 14, captured_pct: 0, captured_wanted_pct: 70, count: 0, mean: null, gmi_pct: null, cv_pct: null, hours: [] };

/** What the platform answers at an origin: that of the page, or another one for the app. */
export const platformAt = (api: (path: string) => string) => [
  http.get(api("/api/v1/me"), () => HttpResponse.json(me())),
  http.get(api("/api/v1/device-connections"), () => page([connection()])),
  http.get(api("/api/v1/devices"), () => page([model()])),
  http.get(api("/api/v1/devices/:id"), () => HttpResponse.json(model())),
  http.get(api("/api/v1/integrations"), () => page([integration()])),
  http.get(api("/api/v1/hubs"), () => page([hub()])),
  http.get(api("/api/v1/permissions"), () => page([])),
  http.get(api("/api/v1/consents"), () => page([])),
  http.get(api("/api/v1/audit"), () => page([])),
  http.get(api("/api/v1/audit/summary"), () => HttpResponse.json({ people: [], routine: 0 })),
  http.get(api("/api/v1/consent-texts/current"), () => HttpResponse.json(consentText)),
  http.get(api("/api/v1/device-data/:id/latest"), () => HttpResponse.json({ latest: {} })),
  http.get(api("/api/v1/device-data/:id/glucose-ranges"), () => HttpResponse.json({ count: 0, bands: [] })),
  http.get(api("/api/v1/device-data/:id/glucose-pattern"), () => HttpResponse.json(NO_PATTERN)),
  http.get(api("/api/v1/device-data/:id/weight-trend"), () => HttpResponse.json({ days: [], changes: [] })),
  http.get(api("/api/v1/device-data/:id"), () => HttpResponse.json({ items: [], next_cursor: null, resolution: "raw" })),
  http.get(api("/api/v1/patients/:id/ambiguous"), () => page([])),
  http.post(api("/api/v1/live/ticket"), () => HttpResponse.json({ ticket: "ticket" }, { status: 201 })),
  http.post(api("/auth/logout"), () => HttpResponse.json({ redirect: "/" })),
];

/** A socket that takes every subscription. */
export const listening = (link: typeof live) =>
  link.addEventListener("connection", ({ client }) => {
    client.addEventListener("message", ({ data }) => {
      const frame = JSON.parse(String(data)) as { type: string; patient_id?: string };
      if (frame.type === "subscribe") client.send(JSON.stringify({ type: "subscribed", patient_id: frame.patient_id, cursor: "c0" }));
    });
  });

export const server = setupServer(...platformAt(api), listening(live));
