import { screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { beforeEach, describe, expect, test } from "vitest";
import { connection, me, PATIENT, permission, reading } from "~/testing/fixtures";
import { openApp } from "~/testing/render-app";
import { api, live, problem, server } from "~/testing/server";

const CARER = "0190f3a0-0000-7000-8000-000000000002";
const OTHER = "0190f3a0-0000-7000-8000-000000000003";
const page = <T,>(items: T[]) => HttpResponse.json({ items, next_cursor: null });
const given = (change = {}) => permission({ display_name: "patient-1", role: "patient", timezone: "Asia/Tokyo", ...change });

let send = (_frame: object) => {};
beforeEach(() => {
  server.use(
    http.get(api("/api/v1/me"), () => HttpResponse.json(me({ user_id: CARER, patient_id: null, display_name: "caregiver-1", roles: ["caregiver"] }))),
    http.get(api("/api/v1/permissions"), () => page([given()])),
    live.addEventListener("connection", ({ client }) => {
      send = (frame) => client.send(JSON.stringify(frame));
    }),
  );
});

/** Taken back at the platform: lists and readings are as if they had never been. */
function takenBack() {
  server.use(
    http.get(api("/api/v1/device-connections"), () => page([])),
    http.get(api("/api/v1/device-connections/:id"), () => problem(404, "not_found")),
    http.get(api("/api/v1/device-data/:id/latest"), () => problem(404, "not_found")),
    http.get(api("/api/v1/device-data/:id"), () => problem(404, "not_found")),
    http.get(api("/api/v1/permissions"), () => page([])),
  );
}

describe("devices that others share", () => {
  test("are under the name of whose they are, with what is shared and in whose zone", async () => {
    server.use(
      http.get(api("/api/v1/device-connections"), () =>
        page([connection(), connection({ id: "c2", name: "Hall scale", patient_id: OTHER, device_type: "scale" })]),
      ),
      http.get(api("/api/v1/permissions"), () => page([given(), given({ id: "p2", patient_id: OTHER, display_name: "patient-2", timezone: "Europe/Berlin" })])),
    );
    openApp("/devices");

    const first = await screen.findByRole("region", { name: "patient-1" });
    expect(first).toHaveTextContent("patient-1 shares blood pressure with you.");
    expect(first).toHaveTextContent("Times are those of patient-1, in Asia/Tokyo.");
    expect(within(first).getAllByRole("article")).toHaveLength(1);
    const second = screen.getByRole("region", { name: "patient-2" });
    expect(second).toHaveTextContent("Hall scale");
    expect(second).not.toHaveTextContent("Times are those");
    expect(screen.queryByRole("link", { name: "Add a device" })).toBeNull();
  });

  test("nothing is shared: how to ask", async () => {
    takenBack();
    openApp("/devices");

    expect(await screen.findByText("No one has shared devices with you")).toBeInTheDocument();
    expect(screen.getByText(/Ask them to open Sharing/)).toBeInTheDocument();
  });

  test("not allowed is no error", async () => {
    server.use(http.get(api("/api/v1/device-connections"), () => problem(403, "forbidden_role")));
    openApp("/devices");

    expect(await screen.findByText("These devices are not shared with you")).toBeInTheDocument();
  });

  test("what is taken back leaves the page at once, and it says who, what and when", async () => {
    openApp("/devices");
    await screen.findByRole("article", { name: "Kitchen cuff" });
    await screen.findByText("Live");

    takenBack();
    send({ type: "revoked", patient_id: PATIENT, data_kinds: null });

    expect(await screen.findByText(/^patient-1 stopped sharing blood pressure with you at \d\d:\d\d$/)).toBeInTheDocument();
    expect(screen.queryByText("Kitchen cuff")).toBeNull();
  });
});

describe("a device of somebody else", () => {
  const path = `/devices/${connection().id}`;
  const value = { blood_pressure: { systolic: 128, diastolic: 84, hr: 72 } };

  beforeEach(() => {
    const one = reading("r", new Date().toISOString());
    server.use(
      http.get(api("/api/v1/device-connections"), () => page([connection({ consent: { id: "d", version: "1", data_kinds: ["blood_pressure", "weight"] } })])),
      http.get(api("/api/v1/device-data/:id/latest"), () =>
        HttpResponse.json({ latest: { blood_pressure: { value: value.blood_pressure, timestamp: one.timestamp, id: "r", device_connection_id: connection().id } } }),
      ),
    );
  });

  test("says whose it is, what is shared of it and what is not, and offers nothing to change", async () => {
    openApp(path);

    expect(await screen.findByText("Readings of patient-1")).toBeInTheDocument();
    expect(screen.getByText("patient-1 shares blood pressure with you, not weight.")).toBeInTheDocument();
    expect(await screen.findByText("128/84")).toBeInTheDocument();
    expect(screen.queryByRole("button", { name: "Remove device" })).toBeNull();
  });

  test("is emptied when sharing ends, in the words of who stopped what", async () => {
    openApp(path);
    expect(await screen.findByText("128/84")).toBeInTheDocument();
    await screen.findByText("Live");

    takenBack();
    send({ type: "revoked", patient_id: PATIENT, data_kinds: null });

    expect(await screen.findByRole("heading", { name: /^patient-1 stopped sharing blood pressure with you at \d\d:\d\d$/ })).toBeInTheDocument();
    expect(screen.queryByText("128/84")).toBeNull();
    expect(document.title).not.toContain("patient-1");
  });

  test("loses only the kinds that were taken back", async () => {
    openApp(path);
    expect(await screen.findByText("128/84")).toBeInTheDocument();
    await screen.findByText("Live");

    server.use(http.get(api("/api/v1/device-data/:id/latest"), () => HttpResponse.json({ latest: {} })));
    send({ type: "revoked", patient_id: PATIENT, data_kinds: ["blood_pressure"] });

    expect(await screen.findByText(/^patient-1 stopped sharing blood pressure with you at/)).toBeInTheDocument();
    await waitFor(() => expect(screen.queryByText("128/84")).toBeNull());
    expect(screen.getByRole("heading", { name: "Kitchen cuff" })).toBeInTheDocument();
  });

  test("that is not there, without a word of why, is said as before", async () => {
    takenBack();
    openApp(path);

    expect(await screen.findByRole("heading", { name: "This device is not here" })).toBeInTheDocument();
  });
});
