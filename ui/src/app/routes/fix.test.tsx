import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { beforeEach, expect, test } from "vitest";
import { connection, hub } from "~/testing/fixtures";
import { openApp } from "~/testing/render-app";
import { api, problem, server } from "~/testing/server";

const ID = connection().id;
const healthy = {
  device_connection_id: ID, status: "ok", flags: [], battery_pct: 80, rssi: -60, firmware: null, last_seen: null,
  last_sync_at: null, expected_every_s: 86400, notes: [], history: [],
};

beforeEach(() => {
  server.use(
    http.get(api("/api/v1/device-connections"), () => HttpResponse.json({ items: [connection()], next_cursor: null })),
    http.get(api(`/api/v1/device-health/${ID}`), () => HttpResponse.json(healthy)),
    http.get(api(`/api/v1/device-connections/${ID}/events`), () => HttpResponse.json({ items: [], next_cursor: null })),
    http.get(api("/api/v1/hubs"), () => HttpResponse.json({ items: [hub()], next_cursor: null })),
  );
});

const check = async (name: string) => (await screen.findByText(name)).closest("li") as HTMLElement;

test("says what is well, and that the last resort is a person", async () => {
  openApp(`/devices/${ID}/fix`);
  expect(await screen.findByText("Everything that we can check looks right.")).toBeInTheDocument();
  expect(await check("Its hub is online")).toHaveTextContent("Fine");
  expect(screen.getByText(/Talk to somebody/)).toBeInTheDocument();
  expect(await screen.findByText("Nothing unusual happened.")).toBeInTheDocument();
});

test("each trouble has its advice and counts; what happened is told and can be copied without values", async () => {
  server.use(
    http.get(api("/api/v1/hubs"), () => HttpResponse.json({ items: [hub({ state: "offline" })], next_cursor: null })),
    http.get(api(`/api/v1/device-health/${ID}`), () => HttpResponse.json({ ...healthy, status: "stale", battery_pct: 9 })),
    http.get(api(`/api/v1/device-connections/${ID}/events`), () =>
      HttpResponse.json({ items: [{ id: "e1", at: "2026-11-28T08:00:00Z", kind: "rejected", code: "out_of_bounds", text: "A reading could not be used." }], next_cursor: null }),
    ),
  );
  const user = userEvent.setup();
  openApp(`/devices/${ID}/fix`);
  expect(await screen.findByText("4 things need you. Begin at the top.")).toBeInTheDocument();
  expect(await check("Its hub is online")).toHaveTextContent("Check that it has power and internet");
  expect(await check("The battery has power")).toHaveTextContent("Needs you");
  expect(within(await check("All that it sends can be used")).getByText(/could not be used lately/)).toBeInTheDocument();
  expect(screen.getByText("A reading could not be used.")).toBeInTheDocument();
  await user.click(screen.getByRole("button", { name: "Copy for support" }));
  expect(await screen.findByText(/numbers and codes only/)).toBeInTheDocument();
  expect(await navigator.clipboard.readText()).toContain("rejected out_of_bounds");
});

test("a platform that does not answer is no trouble of the device", async () => {
  server.use(http.get(api(`/api/v1/device-health/${ID}`), () => problem(503, "unavailable")));
  openApp(`/devices/${ID}/fix`);
  expect(await screen.findByText(/can’t ask the platform/)).toBeInTheDocument();
  expect(await check("Readings come as often as usual")).toHaveTextContent("Could not check");
});

test("a device that is not there leads back", async () => {
  openApp("/devices/0190f3a0-0000-7000-8000-00000000ffff/fix");
  expect(await screen.findByRole("heading", { name: "This device is not here" })).toBeInTheDocument();
});
