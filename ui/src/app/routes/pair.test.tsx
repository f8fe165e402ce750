import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { describe, expect, test, vi } from "vitest";
import type { Connection, Kind } from "~/lib/api-types";
import { connection, hub, me, PATIENT, reading } from "~/testing/fixtures";
import { openApp } from "~/testing/render-app";
import { api, live, problem, server } from "~/testing/server";

const NEW = "0190f3a0-0000-7000-8000-0000000000c9";

/** A platform that remembers one new connection, as the real one does. */
function platform(change: Partial<Connection> = {}) {
  let made: Connection | null = Object.keys(change).length > 0 ? connection({ id: NEW, name: "UA-651BLE", status: "pairing", consent: null, ...change }) : null;
  const seen = { create: vi.fn(), consent: vi.fn(), complete: vi.fn(), rename: vi.fn(), key: vi.fn() };
  const world = { seen, send: (_frame: object) => {}, found: false };
  server.use(
    http.get(api("/api/v1/device-connections"), () => HttpResponse.json({ items: made ? [made] : [], next_cursor: null })),
    http.post(api("/api/v1/device-connections/create"), async ({ request }) => {
      const body = (await request.json()) as { pairing_method: Connection["pairing_method"]; hub_id?: string };
      seen.create(body);
      seen.key(request.headers.get("Idempotency-Key"));
      made = connection({ id: NEW, name: "UA-651BLE", status: "pairing", consent: null, battery_pct: null, pairing_method: body.pairing_method, hub_id: body.hub_id ?? null });
      return HttpResponse.json(made, { status: 201 });
    }),
    http.post(api("/api/v1/consents"), async ({ request }) => {
      const body = (await request.json()) as { version: string; data_kinds: Kind[] };
      seen.consent(body);
      if (made) made = { ...made, consent: { id: "d9", version: body.version, data_kinds: body.data_kinds } };
      return HttpResponse.json({ id: "d9" }, { status: 201 });
    }),
    http.post(api("/api/v1/device-connections/pair/start"), () =>
      HttpResponse.json({ pairing_token: "token-1", expires_at: new Date(Date.now() + 600_000).toISOString(), method: "hub", steps: [] }),
    ),
    http.get(api("/api/v1/device-connections/:id/pairing"), () =>
      HttpResponse.json({
        state: world.found ? "found" : "scanning",
        found: world.found ? [{ address: "C0:26:DA:01:7A:4F", name: "A&D_UA-651BLE", services: ["1810"], rssi: -52 }] : [],
        expires_at: new Date(Date.now() + 600_000).toISOString(),
      }),
    ),
    http.post(api("/api/v1/device-connections/pair/complete"), async ({ request }) => {
      seen.complete(await request.json());
      if (made) made = { ...made, status: "connected" };
      return HttpResponse.json({ connection: made, ingest_token: "t" });
    }),
    http.patch(api("/api/v1/device-connections/:id"), async ({ request }) => {
      const { name } = (await request.json()) as { name: string };
      seen.rename(name);
      if (made) made = { ...made, name };
      return HttpResponse.json(made);
    }),
    live.addEventListener("connection", ({ client }) => {
      world.send = (frame) => client.send(JSON.stringify(frame));
    }),
  );
  return world;
}

const press = async (name: string | RegExp) => userEvent.click(await screen.findByRole("button", { name }));
const heading = (name: string) => screen.findByRole("heading", { level: 1, name });

describe("adding a device", () => {
  test("through a hub, from the picture to the name", async () => {
    const state = platform();
    openApp("/pair/type");

    await press("Blood pressure cuff");
    await heading("Which one?");
    await press(/UA-651BLE/);
    await heading("How should it connect?");
    await press(/Through your home hub.*Recommended/);
    await heading("Which hub?");
    await press(/Kitchen/);

    const dialog = await screen.findByRole("dialog", { name: "Share readings from UA-651BLE?" });
    expect(within(dialog).getByRole("switch", { name: /Blood pressure/ })).not.toBeChecked();
    await press("Share these readings");
    expect(dialog).toHaveTextContent("Switch on at least one kind");
    expect(state.seen.consent).not.toHaveBeenCalled();
    await userEvent.click(within(dialog).getByRole("switch", { name: /Blood pressure/ }));
    await press("Share these readings");

    await heading("Get it ready");
    expect(state.seen.consent).toHaveBeenCalledExactlyOnceWith({ device_connection_id: NEW, version: "2026-01", data_kinds: ["blood_pressure"], locale: "en" });
    await press("My light is blinking");
    await screen.findByText("Searching");
    state.found = true;
    await userEvent.click(await screen.findByRole("button", { name: /A&D_UA-651BLE.*Signal strong/ }, { timeout: 4000 }));

    await heading("Take the first reading");
    expect(state.seen.complete).toHaveBeenCalledExactlyOnceWith({ pairing_token: "token-1", device_id: "C0:26:DA:01:7A:4F" });
    const at = new Date().toISOString();
    state.send({ type: "reading", cursor: "c1", patient_id: PATIENT, reading: reading("r1", at, { device_connection_id: NEW }) });
    await heading("Your first reading is here");
    expect(screen.getByText("128/84", { exact: false })).toHaveTextContent("128/84 mmHg");
    await press("Yes, this is me");

    await heading("Give it a name");
    const name = screen.getByRole("textbox", { name: "Name" });
    await userEvent.clear(name);
    await userEvent.type(name, "Bedroom cuff");
    await press("Save the name");

    await heading("Bedroom cuff is connected");
    expect(screen.getByRole("link", { name: "See its readings" })).toHaveAttribute("href", `/devices/${NEW}`);
    expect(state.seen.create).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ pairing_method: "hub", hub_id: "hub-kitchen" }));
    expect(state.seen.key.mock.calls[0]?.[0]).toMatch(/^[0-9a-f-]{36}$/);
  }, 20_000);

  test("the types that were asked for have the keyboard's place", async () => {
    platform();
    openApp("/pair/type");

    await press("Something else");

    expect(screen.queryByRole("button", { name: "Something else" })).toBeNull();
    expect(screen.getByRole("button", { name: "Stethoscope" })).toHaveFocus();
  });

  test("a simulated one joins at once", async () => {
    const { seen } = platform({ pairing_method: "simulated", consent: connection().consent });
    openApp(`/pair/connect?connection=${NEW}`);

    await heading("Let’s find it");
    await waitFor(() => expect(screen.getByRole("button", { name: "Connect it" })).toBeEnabled());
    await press("Connect it");

    await heading("Take the first reading");
    expect(seen.complete).toHaveBeenCalledExactlyOnceWith({ pairing_token: "token-1", device_id: expect.stringMatching(/^sim-/) });
    expect(screen.getByRole("button", { name: "Take a simulated measurement" })).toBeInTheDocument();
    await press("Measure later");
    await heading("Give it a name");
  });

  test("a reload comes back to the same step with what was chosen", async () => {
    platform({ pairing_method: "hub", consent: connection().consent });
    openApp(`/pair/ready?connection=${NEW}`);

    await heading("Get it ready");
    expect(screen.getByText("Step 6 of 10")).toBeInTheDocument();
  });
});

describe("consent", () => {
  test("Escape is not now: nothing is stored, and the page says so", async () => {
    const { seen } = platform({ pairing_method: "hub" });
    openApp(`/pair/consent?connection=${NEW}`);
    await screen.findByRole("dialog");

    await userEvent.keyboard("{Escape}");

    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(screen.getByText("Nothing is shared. The device stays as it is until you decide.")).toBeInTheDocument();
    expect(seen.consent).not.toHaveBeenCalled();
  });

  test("names who sees it", async () => {
    platform({ pairing_method: "hub" });
    server.use(
      http.get(api("/api/v1/permissions"), () =>
        HttpResponse.json({
          items: ["Clinician One", "Caregiver One"].map((name) => ({ id: name, patient_id: PATIENT, grantee: name, display_name: name, data_kinds: ["blood_pressure"], until: null, created_at: "2026-05-01T06:00:00Z" })),
          next_cursor: null,
        }),
      ),
    );
    openApp(`/pair/consent?connection=${NEW}`);

    expect(await screen.findByText(/^You, Clinician One and Caregiver One\./)).toBeInTheDocument();
  });

  test("that is missing at the server leads back here", async () => {
    platform({ pairing_method: "simulated", consent: connection().consent });
    server.use(http.post(api("/api/v1/device-connections/pair/complete"), () => problem(422, "consent_required")));
    openApp(`/pair/connect?connection=${NEW}`);
    await waitFor(() => expect(screen.getByRole("button", { name: "Connect it" })).toBeEnabled());
    await press("Connect it");

    await heading("May it share readings?");
  });
});

describe("when it does not work", () => {
  test.each([
    ["already_paired", 409, "This device is already connected to an account"],
    ["pairing_expired", 410, "The time for this step ran out"],
    ["unavailable", 503, "That did not work"],
  ])("%s", async (code, status, title) => {
    platform({ pairing_method: "simulated", consent: connection().consent });
    server.use(http.post(api("/api/v1/device-connections/pair/complete"), () => problem(status, code), { once: true }));
    openApp(`/pair/connect?connection=${NEW}`);
    await waitFor(() => expect(screen.getByRole("button", { name: "Connect it" })).toBeEnabled());
    await press("Connect it");

    expect(await screen.findByRole("alert")).toHaveTextContent(title);
    await press("Search again");
    await waitFor(() => expect(screen.getByRole("button", { name: "Connect it" })).toBeEnabled());
  });

  test("the first hub shows its secret once, and the command in development", async () => {
    platform();
    let hubs: ReturnType<typeof hub>[] = [];
    server.use(
      http.get(api("/api/v1/hubs"), () => HttpResponse.json({ items: hubs, next_cursor: null })),
      http.post(api("/api/v1/hubs"), () => {
        hubs = [hub({ hub_id: "hub-new", name: "Living room", state: "offline" })];
        return HttpResponse.json({ hub_id: "hub-new", secret: "s3cret", mqtt: { host: "127.0.0.1", port: 1883, tls: false } }, { status: 201 });
      }),
    );
    openApp("/pair/hub?type=blood_pressure_cuff&model=m1&method=hub");
    await press("Add this hub");

    expect(await screen.findByText("device-connect simulate --hub hub-new --secret s3cret")).toBeInTheDocument();
    expect(screen.getByText("mqtt://127.0.0.1:1883")).toBeInTheDocument();
    await press("Use this hub");
    await screen.findByRole("dialog");
  });

  test("a pairing that is over says so", async () => {
    platform();
    openApp(`/pair/connect?connection=${NEW}`);

    await heading("This pairing is over");
  });

  test("only the owner adds devices", async () => {
    server.use(http.get(api("/api/v1/me"), () => HttpResponse.json(me({ patient_id: null, roles: ["caregiver"] }))));
    openApp("/pair/type");

    await heading("Only the owner can add devices");
  });
});
