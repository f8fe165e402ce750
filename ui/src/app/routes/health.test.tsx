import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { beforeEach, describe, expect, test } from "vitest";
import type { Connection, DeviceHealth } from "~/lib/api-types";
import { connection, health, me, PATIENT, permission } from "~/testing/fixtures";
import { openApp } from "~/testing/render-app";
import { api, live, problem, server } from "~/testing/server";

const id = (digit: number) => `0190f3a0-0000-7000-8000-0000000000${digit}c`;
const device = (digit: number, name: string, change: Partial<Connection> = {}) => connection({ id: id(digit), name, ...change });
const state = (digit: number, change: Partial<DeviceHealth> = {}) => health({ device_connection_id: id(digit), last_seen: new Date().toISOString(), ...change });

function answer(devices: Connection[], healths: DeviceHealth[]) {
  server.use(
    http.get(api("/api/v1/device-connections"), () => HttpResponse.json({ items: devices, next_cursor: null })),
    http.get(api("/api/v1/device-health"), () => HttpResponse.json({ items: healths, next_cursor: null })),
  );
}

const names = () => screen.getAllByRole("article").map((one) => within(one).getByRole("heading").textContent);

beforeEach(() => answer([device(1, "Cuff"), device(2, "Scale")], [state(1), state(2)]));

test("says of each how it is, and what to do only where something is the matter", async () => {
  answer(
    [device(1, "Cuff", { battery_pct: 12 }), device(2, "Scale", { last_reading_at: new Date().toISOString() })],
    [state(1, { flags: ["low_battery", "clock_drift"] }), state(2, { firmware: "1.2.3" })],
  );
  openApp("/health");
  expect(await screen.findByText("One device of 2 needs a look.")).toBeInTheDocument();
  const cuff = within(screen.getByRole("region", { name: "Something else needs a look" })).getByRole("article", { name: "Cuff" });
  expect(cuff).toHaveTextContent("Its clock is off.");
  expect(cuff).toHaveTextContent("Battery low");
  expect(within(cuff).getByRole("link", { name: "Get it going: Cuff" })).toHaveAttribute("href", `/devices/${id(1)}/fix`);
  const scale = within(screen.getByRole("region", { name: "Working" })).getByRole("article", { name: "Scale" });
  expect(scale).toHaveTextContent("Last reading just now");
  expect(scale).toHaveTextContent("Usually heard every day");
  expect(scale).toHaveTextContent("Software 1.2.3");
  expect(within(scale).getByRole("link", { name: "See readings of Scale" })).toBeInTheDocument();
});

test("of a silent one it says how many readings are missing", async () => {
  answer([device(1, "Cuff"), device(2, "Scale")], [state(1, { status: "failed", last_seen: new Date(Date.now() - 4.5 * 86_400_000).toISOString() }), state(2)]);
  openApp("/health");

  expect(await screen.findByRole("article", { name: "Cuff" })).toHaveTextContent("About 4 readings are missing");
  expect(screen.getByRole("article", { name: "Scale" })).not.toHaveTextContent("missing");
});

test("a device that falls silent climbs to the top without a reload", async () => {
  let send = (_frame: object) => {};
  server.use(
    live.addEventListener("connection", ({ client }) => {
      send = (frame) => client.send(JSON.stringify(frame));
    }),
  );
  openApp("/health");
  await screen.findByText("Live");
  expect(names()).toEqual(["Cuff", "Scale"]);

  send({ type: "health", cursor: "c1", device_connection_id: id(2), health: { status: "failed", flags: [], last_seen: "2026-05-01T06:00:00Z" } });

  expect(await screen.findByRole("heading", { name: "Silent for 3 days or longer" })).toBeInTheDocument();
  await waitFor(() => expect(names()).toEqual(["Scale", "Cuff"]));
});

test("the battery of thirty days is told when it is asked for", async () => {
  const point = (at: string, battery_pct: number) => ({ at, battery_pct, rssi: null, status: "ok" });
  server.use(
    http.get(api(`/api/v1/device-health/${id(1)}`), () =>
      HttpResponse.json(state(1, { history: [point("2026-05-20T06:00:00Z", 76), point("2026-05-01T06:00:00Z", 92)] as DeviceHealth["history"] })),
    ),
  );
  openApp("/health");
  await userEvent.click(await screen.findByRole("button", { name: "Battery of Cuff in the last 30 days" }));
  expect(await screen.findByText(/From 92\s?% to 76\s?% since/)).toBeInTheDocument();
});

describe("other people's devices", () => {
  beforeEach(() => {
    server.use(
      http.get(api("/api/v1/me"), () => HttpResponse.json(me({ user_id: id(9), patient_id: null, roles: ["clinician"], display_name: "clinician-1" }))),
      http.get(api("/api/v1/permissions"), () => HttpResponse.json({ items: [permission({ display_name: "patient-1", patient_id: PATIENT })], next_cursor: null })),
    );
  });

  test("stand with their names and are found by them", async () => {
    answer(Array.from({ length: 9 }, (_, index) => device(index, `Device ${index}`)), []);
    openApp("/health");
    expect(await screen.findByRole("article", { name: "Device 4" })).toHaveTextContent("patient-1");
    await userEvent.type(screen.getByRole("searchbox", { name: "Find a person or a device" }), "patient 4");
    await waitFor(() => expect(names()).toEqual(["Device 4"]));
  });

  test("nobody has shared any: says how that is asked for", async () => {
    answer([], []);
    openApp("/health");
    expect(await screen.findByText("No one has shared a device with you yet")).toBeInTheDocument();
  });
});

test("without an answer about health the devices stand with what Devices knows", async () => {
  server.use(http.get(api("/api/v1/device-health"), () => problem(409, "conflict")));
  openApp("/health");
  expect(await screen.findByRole("alert")).toHaveTextContent("We could not ask how the devices are.");
  expect(names()).toEqual(["Cuff", "Scale"]);
  expect(screen.queryByText(/needs? (no|a) look/)).not.toBeInTheDocument();
});

test("no device yet leads to adding one", async () => {
  answer([], []);
  openApp("/health");
  expect(await screen.findByRole("link", { name: "Add a device" })).toHaveAttribute("href", "/pair/type");
});

test("a list that cannot be had says what is safe and can be tried again", async () => {
  server.use(http.get(api("/api/v1/device-connections"), () => problem(409, "conflict"), { once: true }));
  openApp("/health");
  const alert = await screen.findByRole("alert");
  expect(alert).toHaveTextContent("They keep measuring and nothing is lost.");
  await userEvent.click(within(alert).getByRole("button", { name: "Try again" }));
  expect(await screen.findByRole("article", { name: "Cuff" })).toBeInTheDocument();
});
