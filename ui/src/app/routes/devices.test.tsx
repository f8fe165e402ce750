import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { delay, http, HttpResponse } from "msw";
import { describe, expect, test, vi } from "vitest";
import { rememberSignedOut } from "~/lib/session";
import { connection, PATIENT, reading } from "~/testing/fixtures";
import { openApp } from "~/testing/render-app";
import { api, live, problem, server } from "~/testing/server";

const answer = (...items: ReturnType<typeof connection>[]) =>
  server.use(http.get(api("/api/v1/device-connections"), () => HttpResponse.json({ items, next_cursor: null })));
const card = (name: string) => screen.findByRole("article", { name });

describe("Device Center", () => {
  test("shows each device with one heading, one link, status, battery and age", async () => {
    answer(connection({ last_reading_at: new Date(Date.now() - 4 * 60_000).toISOString() }));
    openApp("/devices");

    const kitchen = await card("Kitchen cuff");
    expect(within(kitchen).getAllByRole("heading")).toHaveLength(1);
    expect(within(kitchen).getAllByRole("link")).toHaveLength(1);
    expect(kitchen).toHaveTextContent("Connected");
    expect(kitchen).toHaveTextContent("Last reading 4 minutes ago");
    expect(kitchen).toHaveTextContent("Battery 76");
  });

  test("puts problems first and says what to do", async () => {
    answer(
      connection({ id: "c1", name: "Well" }),
      connection({ id: "c2", name: "Silent", status: "disconnected", status_reason: "hub_offline", battery_pct: 12 }),
      connection({ id: "c3", name: "Begun", status: "pairing", consent: null, battery_pct: null }),
    );
    openApp("/devices");

    await card("Well");
    expect(screen.getAllByRole("article").map((one) => within(one).getByRole("heading").textContent)).toEqual(["Silent", "Begun", "Well"]);
    expect(await card("Silent")).toHaveTextContent("Your hub is offline.");
    expect(await card("Silent")).toHaveTextContent("Battery low, 12");
    expect(within(await card("Silent")).getByRole("link", { name: "Get Silent going" })).toHaveAttribute("href", "/devices/c2/fix");
    expect(await card("Begun")).not.toHaveTextContent("Battery");
    expect(within(await card("Begun")).getByRole("link", { name: "Continue pairing Begun" })).toHaveAttribute("href", expect.stringContaining("connection=c3"));
  });

  test("loading holds the place", async () => {
    server.use(http.get(api("/api/v1/device-connections"), () => delay("infinite")));
    openApp("/devices");

    await screen.findByRole("heading", { name: "Your devices" });
    expect(screen.getByText("Loading")).toBeInTheDocument();
  });

  test("empty says what is needed and the one next step", async () => {
    answer();
    openApp("/devices");

    expect(await screen.findByText("No devices yet")).toBeInTheDocument();
    expect(screen.getByRole("link", { name: "Add your first device" })).toHaveAttribute("href", "/pair/type");
    expect(screen.queryByRole("link", { name: "Add a device" })).toBeNull();
  });

  test("an error says what is safe, has details for support, and can be tried again", async () => {
    server.use(http.get(api("/api/v1/device-connections"), () => problem(409, "conflict"), { once: true }));
    openApp("/devices");

    const alert = await screen.findByRole("alert");
    expect(alert).toHaveTextContent("They keep measuring and nothing is lost.");
    expect(alert).toHaveTextContent("req-1");
    await userEvent.click(within(alert).getByRole("button", { name: "Try again" }));

    expect(await card("Kitchen cuff")).toBeInTheDocument();
  });

  test("offline keeps the list, says from when it is, and switches adding off with the reason", async () => {
    openApp("/devices");
    await card("Kitchen cuff");
    await screen.findByText("Live");
    vi.spyOn(navigator, "onLine", "get").mockReturnValue(false);
    dispatchEvent(new Event("offline"));

    expect(await screen.findByText(/You are offline\. What you see is from \d\d:\d\d, not live\./)).toBeInTheDocument();
    expect(await card("Kitchen cuff")).toBeInTheDocument();
    expect(screen.getByText("Connect to the internet to add a device.")).toBeInTheDocument();
    expect(screen.queryByText("Live")).toBeNull();
  });

  test("a reading and a status arrive without a reload", async () => {
    answer(connection({ last_reading_at: "2026-05-01T06:00:00Z" }));
    let send = (_frame: object) => {};
    server.use(
      live.addEventListener("connection", ({ client }) => {
        send = (frame) => client.send(JSON.stringify(frame));
      }),
    );
    openApp("/devices");
    await card("Kitchen cuff");
    await screen.findByText("Live");

    send({ type: "reading", cursor: "c1", patient_id: PATIENT, reading: reading("r1", new Date().toISOString()) });
    await waitFor(async () => expect(await card("Kitchen cuff")).toHaveTextContent("Last reading just now"));

    send({ type: "status", cursor: "c2", device_connection_id: connection().id, status: "disconnected", status_reason: "hub_offline" });
    await waitFor(async () => expect(await card("Kitchen cuff")).toHaveTextContent("Not connected"));
  });
});

describe("the door", () => {
  test("without a session there is a link to sign in, and no request", async () => {
    const asked = vi.fn();
    server.events.on("request:start", asked);
    openApp("/devices/abc?range=7d", { signedIn: false });

    expect(await screen.findByRole("link", { name: "Sign in" })).toHaveAttribute("href", "/auth/login?next=%2Fdevices%2Fabc%3Frange%3D7d");
    expect(asked).not.toHaveBeenCalled();
    server.events.removeAllListeners();
  });

  test("a session that ended during use hides values and keeps the place", async () => {
    const { client } = openApp("/devices");
    await card("Kitchen cuff");
    server.use(http.get(api("/api/v1/device-connections"), () => problem(401, "unauthenticated")));
    await client.refetchQueries({ queryKey: ["patient"] });

    expect(await screen.findByRole("heading", { name: "Your session has ended" })).toBeInTheDocument();
    expect(screen.getByRole("link", { name: "Sign in again" })).toHaveAttribute("href", "/auth/login?next=%2Fdevices");
    await waitFor(() => expect(client.getQueryCache().getAll()).toEqual([]));
  });

  test("signing out carries the CSRF header and leaves nothing behind", async () => {
    const csrf = vi.fn();
    server.use(
      http.post(api("/auth/logout"), ({ request }) => {
        csrf(request.headers.get("X-CSRF-Token"));
        return HttpResponse.json({ redirect: "/" });
      }),
    );
    const { client } = openApp("/devices");
    await card("Kitchen cuff");
    await userEvent.click(screen.getByRole("button", { name: "Sign out" }));

    expect(await screen.findByRole("heading", { name: "You are signed out" })).toBeInTheDocument();
    expect(csrf).toHaveBeenCalledExactlyOnceWith("csrf-1");
    await waitFor(() => expect(client.getQueryCache().getAll()).toEqual([]));
  });

  test("coming back from the identity provider after signing out is told once", async () => {
    rememberSignedOut();
    const { unmount } = openApp("/", { signedIn: false });
    expect(await screen.findByRole("heading", { name: "You are signed out" })).toBeInTheDocument();
    unmount();

    openApp("/", { signedIn: false });
    expect(await screen.findByRole("link", { name: "Sign in" })).toBeInTheDocument();
  });

  test("an address that leads nowhere says so", async () => {
    openApp("/nowhere");

    expect(await screen.findByRole("heading", { name: "There is no page here" })).toBeInTheDocument();
  });
});
