import "fake-indexeddb/auto";
import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { beforeEach, expect, test, vi } from "vitest";
import { connectedIntegration, connection, hub, job, me, permission } from "~/testing/fixtures";
import { openApp } from "~/testing/render-app";
import { api, live, problem, server } from "~/testing/server";

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
const having = (name: string) => within(screen.getByRole("region", { name }));

test("says what is well, and that the last resort is a person", async () => {
  openApp(`/devices/${ID}/fix`);
  expect(await screen.findByText(/Everything looks right/)).toBeInTheDocument();
  await waitFor(() => expect(having("What is fine").getByText("Its hub")).toBeInTheDocument());
  expect(screen.getByRole("heading", { name: "Still stuck? Talk to somebody" })).toBeInTheDocument();
  expect(await screen.findByText("Nothing unusual happened.")).toBeInTheDocument();
});

test("each trouble has its advice and counts; what happened is told and can be copied without values", async () => {
  server.use(
    http.get(api("/api/v1/hubs"), () => HttpResponse.json({ items: [hub({ state: "offline" })], next_cursor: null })),
    http.get(api(`/api/v1/device-health/${ID}`), () => HttpResponse.json({ ...healthy, status: "stale", battery_pct: 9, notes: [{ code: "low_battery", text: "" }, { code: "silent", text: "" }] })),
    http.get(api(`/api/v1/device-connections/${ID}/events`), () =>
      HttpResponse.json({ items: [{ id: "e1", at: "2026-11-28T08:00:00Z", kind: "rejected", code: "out_of_bounds", text: "A reading could not be used." }], next_cursor: null }),
    ),
  );
  const user = userEvent.setup();
  openApp(`/devices/${ID}/fix`);
  expect(await screen.findByText("4 things need a look. Begin at the top.")).toBeInTheDocument();
  expect(await check("Its hub")).toHaveTextContent("Check that it has power and internet");
  expect(await check("Battery")).toHaveTextContent("The battery is low");
  expect(within(await check("What it sent lately")).getByText(/One value was outside what is possible/)).toBeInTheDocument();
  expect(within(screen.getByRole("region", { name: "What happened lately" })).getByRole("link", { name: "What to do" })).toHaveAttribute("href", "#check-refused");
  await user.click(screen.getByRole("button", { name: "Copy for support" }));
  expect(await screen.findByText(/^Copied/)).toBeInTheDocument();
  expect(await navigator.clipboard.readText()).toContain("rejected out_of_bounds");
});

test("a platform that does not answer is no trouble of the device", async () => {
  server.use(http.get(api(`/api/v1/device-health/${ID}`), () => problem(503, "unavailable")));
  openApp(`/devices/${ID}/fix`);
  expect(await screen.findByText(/can’t ask the platform/)).toBeInTheDocument();
  expect(having("What could not be checked").getByText("Readings")).toBeInTheDocument();
});

test("a device that is not there leads back", async () => {
  openApp("/devices/0190f3a0-0000-7000-8000-00000000ffff/fix");
  expect(await screen.findByRole("heading", { name: "This device is not here" })).toBeInTheDocument();
});

test("its owner asks the hub to reconnect, pairs again, replaces and removes", async () => {
  let asked = 0;
  server.use(
    http.post(api(`/api/v1/device-connections/${ID}/reconnect`), () => {
      asked += 1;
      return HttpResponse.json({ command_id: "0190f3a0-0000-7000-8000-0000000000ff" }, { status: 202 });
    }),
    http.delete(api(`/api/v1/device-connections/${ID}`), () => new HttpResponse(null, { status: 204 })),
  );
  const user = userEvent.setup();
  openApp(`/devices/${ID}/fix`);
  await user.click(await screen.findByRole("button", { name: "Reconnect" }));
  expect(await screen.findByText(/The hub was asked/)).toBeInTheDocument();
  expect(asked).toBe(1);
  expect(screen.getByRole("link", { name: "Pair it again" })).toHaveAttribute("href", `/pair/ready?connection=${ID}`);
  expect(screen.getByRole("link", { name: "Replace" })).toHaveAttribute("href", "/pair/model?type=blood_pressure_cuff");
  await user.click(screen.getByRole("button", { name: "Remove" }));
  server.use(http.get(api("/api/v1/device-connections"), () => HttpResponse.json({ items: [], next_cursor: null })));
  await user.click(within(await screen.findByRole("alertdialog")).getByRole("button", { name: /Remove/ }));
  expect(await screen.findByRole("heading", { name: "No devices yet" })).toBeInTheDocument();
});

test("an account at the maker is looked at from here, and how far that is stands beside it", async () => {
  server.use(
    http.get(api("/api/v1/device-connections"), () => HttpResponse.json({ items: [connection({ pairing_method: "vendor_oauth", hub_id: null })], next_cursor: null })),
    http.get(api("/api/v1/integrations"), () => HttpResponse.json({ items: [connectedIntegration({ job: job({ done: 1, total: 4 }) })], next_cursor: null })),
  );
  openApp(`/devices/${ID}/fix`);
  expect(await screen.findByRole("progressbar")).toHaveAttribute("aria-valuenow", "25");
  expect(screen.getByRole("button", { name: /Sync/ })).toBeDisabled();
  expect(screen.queryByRole("button", { name: "Reconnect" })).not.toBeInTheDocument();
});

test("a device of somebody else says whose it is and cannot be changed", async () => {
  const other = "0190f3a0-0000-7000-8000-00000000000b";
  server.use(
    http.get(api("/api/v1/me"), () => HttpResponse.json(me({ user_id: other, patient_id: null, roles: ["caregiver"], display_name: "caregiver-1" }))),
    http.get(api("/api/v1/permissions"), () => HttpResponse.json({ items: [permission({ display_name: "patient-1" })], next_cursor: null })),
  );
  openApp(`/devices/${ID}/fix`);
  expect(await screen.findByText("Readings of patient-1")).toBeInTheDocument();
  expect(await screen.findByText(/Only the person whose device this is/)).toBeInTheDocument();
  expect(screen.queryByRole("button", { name: "Remove" })).not.toBeInTheDocument();
});

test("offline says what could not be asked, and keeps what is known", async () => {
  openApp(`/devices/${ID}/fix`);
  await screen.findByText(/Everything looks right/);
  vi.spyOn(navigator, "onLine", "get").mockReturnValue(false);
  dispatchEvent(new Event("offline"));
  expect(await screen.findByText(/What can be checked here is checked/)).toBeInTheDocument();
  expect(await check("Your internet")).toHaveTextContent("This page has no connection.");
  expect(having("What is fine").getByText("Battery")).toBeInTheDocument();
  expect(screen.getByRole("button", { name: "Reconnect" })).toBeDisabled();
});

test("a device that somebody stops sharing while one looks says who did and when", async () => {
  let send = (_frame: object) => {};
  server.use(
    http.get(api("/api/v1/me"), () => HttpResponse.json(me({ user_id: "0190f3a0-0000-7000-8000-00000000000b", patient_id: null, roles: ["caregiver"] }))),
    http.get(api("/api/v1/permissions"), () => HttpResponse.json({ items: [permission({ display_name: "patient-1" })], next_cursor: null })),
    live.addEventListener("connection", ({ client }) => {
      send = (frame) => client.send(JSON.stringify(frame));
    }),
  );
  openApp(`/devices/${ID}/fix`);
  await screen.findByText("Live");
  server.use(http.get(api("/api/v1/device-connections"), () => HttpResponse.json({ items: [], next_cursor: null })));
  send({ type: "revoked", patient_id: connection().patient_id, data_kinds: null });
  expect(await screen.findByRole("heading", { name: /patient-1 stopped sharing/ })).toBeInTheDocument();
  expect(screen.queryByText("Battery")).not.toBeInTheDocument();
});

test("a device that this browser connects is synced from here", async () => {
  server.use(
    http.get(api("/api/v1/device-connections"), () => HttpResponse.json({ items: [connection({ pairing_method: "web_bluetooth", hub_id: null })], next_cursor: null })),
  );
  openApp(`/devices/${ID}/fix`);
  expect(await screen.findByRole("region", { name: "Sync" })).toBeInTheDocument();
  expect(screen.getByText("Bluetooth in this browser")).toBeInTheDocument();
});
