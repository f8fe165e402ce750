import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { describe, expect, test, vi } from "vitest";
import type { Connection, PairingMethod } from "~/lib/api-types";
import { connection, model } from "~/testing/fixtures";
import { openApp } from "~/testing/render-app";
import { api, problem, server } from "~/testing/server";

const ID = "0190f3a0-0000-7000-8000-0000000000c9";
const NEXT = "0190f3a0-0000-7000-8000-0000000000ca";
const AT_MAKER = "https://account.example/authorize?state=s";
const AWAY = "Signing in at Withings is not possible right now";

const started = (expires: number) => ({
  pairing_token: "token-1",
  expires_at: new Date(Date.now() + expires).toISOString(),
  method: "vendor_oauth",
  steps: [],
  oauth: { authorize_url: AT_MAKER },
});

/** A scale of a maker with accounts: one connection that waits for its owner to sign in there, or what `change` says. */
function platform({ methods = ["vendor_oauth", "hub", "simulated"], ...change }: Partial<Connection> & { methods?: PairingMethod[] } = {}) {
  let all = [connection({ id: ID, name: "Body Comp", device_type: "scale", status: "pairing", pairing_method: "vendor_oauth", hub_id: null, ...change })];
  const seen = { create: vi.fn(), start: vi.fn(), removed: vi.fn() };
  server.use(
    http.get(api("/api/v1/device-connections"), () => HttpResponse.json({ items: all, next_cursor: null })),
    http.get(api("/api/v1/devices/:id"), () =>
      HttpResponse.json(model({ vendor_id: "withings", vendor_name: "Withings", name: "Body Comp", pairing_methods: methods })),
    ),
    http.post(api("/api/v1/device-connections/pair/start"), () => {
      seen.start();
      return HttpResponse.json(started(600_000));
    }),
    http.post(api("/api/v1/device-connections/create"), async ({ request }) => {
      const body = (await request.json()) as { pairing_method: PairingMethod };
      seen.create(body.pairing_method);
      all = [...all, connection({ id: NEXT, name: "Body Comp", status: "pairing", consent: null, pairing_method: body.pairing_method })];
      return HttpResponse.json(all.at(-1), { status: 201 });
    }),
    http.delete(api("/api/v1/device-connections/:id"), ({ params }) => {
      seen.removed(params.id);
      all = all.filter((one) => one.id !== params.id);
      return new HttpResponse(null, { status: 204 });
    }),
  );
  return seen;
}

const openStep = (go?: (address: string) => void) => openApp(`/pair/connect?connection=${ID}`, { go });
const press = async (name: string) => userEvent.click(await screen.findByRole("button", { name }));

describe("a device that comes through its maker's account", () => {
  test("says where the person goes, and goes there in this tab", async () => {
    platform();
    const go = vi.fn();
    openStep(go);

    expect(await screen.findByRole("heading", { name: "Sign in at Withings" })).toBeInTheDocument();
    expect(screen.getByText("Your password stays at Withings. We never see it.")).toBeInTheDocument();
    expect(screen.getByText("Step 5 of 7")).toBeInTheDocument();
    await waitFor(() => expect(screen.getByRole("button", { name: "Go to Withings" })).toBeEnabled());
    await press("Go to Withings");

    await waitFor(() => expect(go).toHaveBeenCalledExactlyOnceWith(AT_MAKER));
  });

  test("an address that has become too old is asked for again before anybody goes there", async () => {
    const { start } = platform();
    const go = vi.fn();
    server.use(http.post(api("/api/v1/device-connections/pair/start"), () => HttpResponse.json({ ...started(-1000), oauth: { authorize_url: "https://old.example" } }), { once: true }));
    openStep(go);
    await waitFor(() => expect(screen.getByRole("button", { name: "Go to Withings" })).toBeEnabled());
    await press("Go to Withings");

    await waitFor(() => expect(go).toHaveBeenCalledExactlyOnceWith(AT_MAKER));
    expect(start).toHaveBeenCalledOnce();
  });

  test("back here after signing in it is connected, can be named, and starts nothing again", async () => {
    const { start } = platform({ status: "connected" });
    openStep();

    await screen.findByRole("heading", { level: 1, name: "Body Comp is connected" });
    expect(screen.getByRole("link", { name: "See its readings" })).toHaveAttribute("href", `/devices/${ID}`);
    await press("Go on");
    await screen.findByRole("heading", { level: 1, name: "Give it a name" });
    expect(start).not.toHaveBeenCalled();
  });

  test("without consent it leads there", async () => {
    platform();
    server.use(http.post(api("/api/v1/device-connections/pair/start"), () => problem(422, "consent_required")));
    openStep();

    expect(await screen.findByRole("alert")).toHaveTextContent("We need your yes before we connect the device.");
    await press("Read and decide");
    await screen.findByRole("heading", { level: 1, name: "May it share readings?" });
  });
});

describe("when nobody can sign in at the maker", () => {
  const isAway = () => server.use(http.post(api("/api/v1/device-connections/pair/start"), () => problem(503, "unavailable")));

  test("the next best way is offered with its reason, and begins there", async () => {
    platform();
    isAway();
    openStep();

    const alert = await screen.findByRole("alert");
    expect(alert).toHaveTextContent(AWAY);
    expect(alert).toHaveTextContent("The hub listens for the device and sends each reading by itself.");
    expect(screen.queryByRole("button", { name: "Go to Withings" })).toBeNull();
    await press("Next best: Through your home hub");
    await screen.findByRole("heading", { level: 1, name: "Which hub?" });
  });

  test("a way without a step of its own goes on at consent, in place of this one", async () => {
    const { create, removed } = platform({ methods: ["vendor_oauth", "simulated"] });
    isAway();
    openStep();
    await press("Next best: Simulated device");

    await screen.findByRole("heading", { name: "May it share readings?", hidden: true });
    expect(create).toHaveBeenCalledExactlyOnceWith("simulated");
    expect(removed).toHaveBeenCalledExactlyOnceWith(ID);
  });

  test("without another way it says what is safe", async () => {
    platform({ methods: ["vendor_oauth"] });
    isAway();
    openStep();

    expect(await screen.findByRole("alert")).toHaveTextContent("your device keeps its readings");
    expect(screen.getByRole("link", { name: "Go to your devices" })).toBeInTheDocument();
  });
});
