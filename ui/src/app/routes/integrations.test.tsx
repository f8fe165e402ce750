import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { delay, http, HttpResponse } from "msw";
import { describe, expect, test, vi } from "vitest";
import type { Integration, SyncJob } from "~/lib/api-types";
import { connectedIntegration, connection, consentText, integration, job, me } from "~/testing/fixtures";
import { openApp } from "~/testing/render-app";
import { api, live, problem, server } from "~/testing/server";

const AT_MAKER = "https://account.example/authorize?state=s";

const answer = (...items: Integration[]) =>
  server.use(http.get(api("/api/v1/integrations"), () => HttpResponse.json({ items, next_cursor: null })));
const card = (name: string) => screen.findByRole("article", { name });
const press = async (name: string) => userEvent.click(await screen.findByRole("button", { name }));

/** What was asked of the maker's door, and where the browser went. */
function atTheDoor() {
  const seen = { asked: vi.fn(), go: vi.fn() };
  server.use(
    http.post(api("/api/v1/integrations/:vendor/authorize"), async ({ request, params }) => {
      seen.asked(params.vendor, await request.json());
      return HttpResponse.json({ authorize_url: AT_MAKER });
    }),
  );
  return seen;
}

describe("the list", () => {
  test("is in the navigation, with what needs somebody first", async () => {
    answer(
      integration({ vendor: "dexcom", name: "Dexcom" }),
      connectedIntegration(),
      integration({ vendor: "oura", name: "Oura", state: "needs_reauth", state_reason: "grant_lost" }),
    );
    openApp("/devices");
    await userEvent.click((await screen.findAllByRole("link", { name: "Apps" }))[0]!);

    await screen.findByRole("heading", { level: 1, name: "Apps and accounts" });
    await card("Withings");
    expect(screen.getAllByRole("article").map((one) => within(one).getByRole("heading").textContent)).toEqual(["Oura", "Withings", "Dexcom"]);
    expect(await card("Oura")).toHaveTextContent("Needs you");
    expect(await card("Oura")).toHaveTextContent("The permission at Oura has ended.");
    expect(await card("Dexcom")).toHaveTextContent("Not connected");
  });

  test("says what is read and why, and when something last came", async () => {
    answer(connectedIntegration());
    openApp("/integrations");

    const withings = await card("Withings");
    expect(withings).toHaveTextContent("Reads: Blood pressure");
    expect(withings).toHaveTextContent("upper and lower value, pulse, time");
    expect(withings).toHaveTextContent("So that your readings are kept in one record");
    expect(withings).toHaveTextContent("Last new reading 5 minutes ago");
    expect(within(withings).getByText("5 minutes ago")).toHaveAttribute("title", expect.stringContaining("CE"));
  });

  test("a new one says that the first readings take a while, a silent one what to do", async () => {
    answer(
      connectedIntegration({ last_sync_at: null }),
      connectedIntegration({ vendor: "polar", name: "Polar", last_sync_at: new Date(Date.now() - 5 * 86_400_000).toISOString() }),
    );
    openApp("/integrations");

    expect(await card("Withings")).toHaveTextContent("The first can take a few minutes.");
    expect(await card("Polar")).toHaveTextContent("open the app of Polar once");
  });

  test("a closed one leads to its successor and cannot be started", async () => {
    answer(
      integration({ vendor: "fitbit", name: "Fitbit", status: "retired", successor: "google_health", notice: "Fitbit switched its Web API off." }),
      integration({ vendor: "google_health", name: "Google Health" }),
    );
    openApp("/integrations");

    const fitbit = await card("Fitbit");
    expect(fitbit).toHaveTextContent("Fitbit switched its Web API off.");
    expect(within(fitbit).getByRole("link", { name: "Go to Google Health instead" })).toHaveAttribute("href", `#${(await card("Google Health")).id}`);
    expect(within(fitbit).queryByRole("button")).toBeNull();
    expect(fitbit).not.toHaveTextContent("Can bring");
  });

  test("what is on a phone, or needs a contract, is said without a button", async () => {
    answer(
      integration({ vendor: "health_connect", name: "Android Health Connect", status: "on_device", pairing_method: "health_connect" }),
      integration({ vendor: "healthkit", name: "Apple Health", status: "on_device", pairing_method: "healthkit" }),
      integration({ vendor: "eko", name: "Eko", status: "partner_access", pairing_method: "partner_webhook" }),
    );
    openApp("/integrations");

    expect(await card("Android Health Connect")).toHaveTextContent("readings stay on your Android phone");
    expect(await card("Apple Health")).toHaveTextContent("readings stay on your iPhone");
    expect(await card("Eko")).toHaveTextContent("There is nothing to press here");
    for (const one of screen.getAllByRole("article")) expect(within(one).queryByRole("button")).toBeNull();
  });

  test("an admin sees which one lacks credentials, and can connect none", async () => {
    server.use(http.get(api("/api/v1/me"), () => HttpResponse.json(me({ patient_id: null, roles: ["admin"] }))));
    answer(integration({ needs_credentials: true }), integration({ vendor: "oura", name: "Oura" }));
    openApp("/integrations");

    expect(await card("Withings")).toHaveTextContent("Needs credentials");
    expect(await card("Withings")).toHaveTextContent("vendors/withings");
    expect(within(await card("Oura")).queryByRole("button")).toBeNull();
  });

  test("a caregiver is told whose page this is", async () => {
    server.use(http.get(api("/api/v1/me"), () => HttpResponse.json(me({ patient_id: null, roles: ["caregiver"] }))));
    openApp("/integrations");

    expect(await screen.findByText(/Only the person whose readings these are/)).toBeInTheDocument();
    expect(screen.queryByRole("link", { name: "Apps" })).toBeNull();
  });

  test("loading holds the place", async () => {
    server.use(http.get(api("/api/v1/integrations"), () => delay("infinite")));
    openApp("/integrations");

    await screen.findByRole("heading", { name: "Apps and accounts" });
    expect(screen.getByText("Loading")).toBeInTheDocument();
  });

  test("empty says whom to ask", async () => {
    answer();
    openApp("/integrations");

    expect(await screen.findByText("No account can be connected here yet")).toBeInTheDocument();
  });

  test("an error says what is safe and can be tried again", async () => {
    server.use(http.get(api("/api/v1/integrations"), () => problem(500, "internal")));
    openApp("/integrations");

    expect(await screen.findByRole("alert", {}, { timeout: 20_000 })).toHaveTextContent("What is connected stays connected");
    answer(integration());
    await press("Try again");
    await card("Withings");
  });

  test("offline the list stays, with its age, and nothing can be changed", async () => {
    vi.spyOn(navigator, "onLine", "get").mockReturnValue(false);
    answer(connectedIntegration());
    openApp("/integrations");

    expect(within(await card("Withings")).getByRole("button", { name: "Disconnect Withings" })).toBeDisabled();
    expect(screen.getByText(/^Last checked \d\d:\d\d/)).toBeInTheDocument();
  });
});

describe("connecting", () => {
  test("asks what may be sent, nothing chosen beforehand, and goes to the maker", async () => {
    const { asked, go } = atTheDoor();
    openApp("/integrations", { go });
    await press("Connect Withings");

    const dialog = await screen.findByRole("dialog", { name: "Share readings from Withings?" });
    for (const one of within(dialog).getAllByRole("switch")) expect(one).not.toBeChecked();
    expect(dialog).toHaveTextContent("choose “Disconnect”");
    await press("Go on to Withings");
    expect(dialog).toHaveTextContent("Switch on at least one kind");
    expect(asked).not.toHaveBeenCalled();
    await userEvent.click(within(dialog).getByRole("switch", { name: /Weight/ }));
    await press("Go on to Withings");

    await waitFor(() => expect(go).toHaveBeenCalledExactlyOnceWith(AT_MAKER));
    expect(asked).toHaveBeenCalledExactlyOnceWith("withings", { data_kinds: ["weight"], consent_version: consentText.version });
  });

  test("not now leaves everything as it is", async () => {
    const { asked } = atTheDoor();
    openApp("/integrations");
    await press("Connect Withings");
    await screen.findByRole("dialog");
    await press("Not now");

    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(asked).not.toHaveBeenCalled();
  });

  test("again, for what was agreed before, needs one press", async () => {
    const { asked, go } = atTheDoor();
    answer(connectedIntegration({ state: "needs_reauth", state_reason: "auth" }));
    openApp("/integrations", { go });
    await press("Reconnect Withings");

    await waitFor(() => expect(go).toHaveBeenCalledExactlyOnceWith(AT_MAKER));
    expect(asked).toHaveBeenCalledExactlyOnceWith("withings", { data_kinds: ["blood_pressure"], consent_version: "2026-01" });
  });

  test("again, under a new text, asks first", async () => {
    const { asked } = atTheDoor();
    server.use(http.get(api("/api/v1/consent-texts/current"), () => HttpResponse.json({ ...consentText, version: "2026-09" })));
    answer(connectedIntegration({ state: "needs_reauth" }));
    openApp("/integrations");
    await press("Reconnect Withings");

    await screen.findByRole("dialog", { name: "Share readings from Withings?" });
    expect(asked).not.toHaveBeenCalled();
  });

  test("what was agreed and is not sent is said, with the way to mend it", async () => {
    const { go } = atTheDoor();
    answer(connectedIntegration({ consented_kinds: ["blood_pressure", "sleep"], missing_kinds: ["sleep"] }));
    openApp("/integrations", { go });

    expect(await card("Withings")).toHaveTextContent("Withings does not send what you agreed to share: Sleep");
    await press("Allow it at Withings");
    await waitFor(() => expect(go).toHaveBeenCalledExactlyOnceWith(AT_MAKER));
  });

  test("where it is not possible now, says so and changes nothing", async () => {
    server.use(http.post(api("/api/v1/integrations/:vendor/authorize"), () => problem(503, "unavailable")));
    answer(connectedIntegration({ state: "needs_reauth" }));
    openApp("/integrations");
    await press("Reconnect Withings");

    expect(await screen.findByRole("alert")).toHaveTextContent("Signing in at Withings is not possible right now.");
  });
});

describe("coming back from the maker", () => {
  test.each([
    ["connected", "Withings is connected"],
    ["declined", "You said no at Withings"],
    ["error", "Signing in at Withings did not finish"],
  ])("%s is said once and has the focus", async (result, title) => {
    answer(connectedIntegration());
    openApp(`/integrations?vendor=withings&result=${result}`);

    const banner = await screen.findByRole("group", { name: title });
    expect(banner).toHaveFocus();
    await waitFor(() => expect(location.search).toBe(""));
    if (result === "connected") {
      expect(await within(banner).findByRole("link", { name: "See readings of Kitchen cuff" })).toHaveAttribute("href", `/devices/${connection().id}`);
    }
  });

  test("a result that nobody knows is no result", async () => {
    openApp("/integrations?vendor=withings&result=hacked");

    await card("Withings");
    expect(screen.queryByRole("group", { name: /Withings/ })).toBeNull();
  });
});

describe("history", () => {
  test("moves by live frames, is announced in quarters, and ends with what came", async () => {
    let now = connectedIntegration({ last_sync_at: null, job: job({ done: 0 }) });
    let send = (_job: SyncJob) => {};
    server.use(
      http.get(api("/api/v1/integrations"), () => HttpResponse.json({ items: [now], next_cursor: null })),
      live.addEventListener("connection", ({ client }) => {
        send = (one) => client.send(JSON.stringify({ type: "sync_progress", cursor: "c1", job: one }));
      }),
    );
    openApp("/integrations");
    await screen.findByRole("progressbar", { name: "Earlier readings from Withings" });
    const withings = await card("Withings");
    const bar = () => within(withings).getByRole("progressbar");
    await waitFor(() => expect(screen.queryByText(/Not live yet/)).toBeNull());

    send(job({ done: 3, accepted: 40 }));
    await waitFor(() => expect(bar()).toHaveAttribute("aria-valuenow", "75"));
    expect(withings).toHaveTextContent("75% done, 40 readings so far");
    expect(within(withings).getAllByRole("status")[0]).toHaveTextContent("Fetching your earlier readings from Withings: 75% done");

    now = connectedIntegration({ job: job({ done: 4, state: "done", accepted: 52 }) });
    send(job({ done: 4, state: "done", accepted: 52 }));
    await waitFor(() => expect(within(withings).queryByRole("progressbar")).toBeNull());
    expect(within(withings).getAllByRole("status")[0]).toHaveTextContent("Withings: 52 new readings came");
    expect(await screen.findByText("5 minutes ago")).toBeInTheDocument();
  });

  test.each([
    ["rate_limited", "601", "Withings asked us to wait a little."],
    ["forbidden_scope", "214", "Withings was not allowed to give us some of the readings."],
    ["refused", "out_of_bounds", "Some readings from Withings could not be used"],
    ["novel", "x", "tell support the code below"],
  ])("a fault of class %s is said in words", async (name, code, text) => {
    answer(connectedIntegration({ job: job({ state: "failed", errors: [{ class: name, code }] }) }));
    openApp("/integrations");

    expect(await card("Withings")).toHaveTextContent(text);
    expect(await card("Withings")).toHaveTextContent(`${name}: ${code}`);
  });
});

test("what the person did not choose is said plainly, and is no trouble", async () => {
  answer(connectedIntegration({ job: job({ state: "done", errors: [{ class: "refused", code: "kind_not_consented" }] }) }));
  openApp("/integrations");

  expect(await card("Withings")).toHaveTextContent("What you did not choose to share was not kept. To choose again, disconnect Withings");
  expect(await card("Withings")).not.toHaveTextContent("Details for support");
});

describe("sync now", () => {
  test("asks for a look at the account's connection", async () => {
    const asked = vi.fn();
    let now = connectedIntegration();
    server.use(
      http.get(api("/api/v1/integrations"), () => HttpResponse.json({ items: [now], next_cursor: null })),
      http.post(api("/api/v1/device/sync"), async ({ request }) => {
        asked(await request.json(), request.headers.get("Idempotency-Key"));
        now = connectedIntegration({ job: job({ total: 1, done: 0, state: "queued" }) });
        return HttpResponse.json({ job_id: job().job_id }, { status: 202 });
      }),
    );
    openApp("/integrations");
    await press("Sync now: Withings");

    await waitFor(async () => expect(await card("Withings")).toHaveTextContent("Looking for new readings at Withings"));
    expect(asked).toHaveBeenCalledExactlyOnceWith({ device_connection_id: connection().id }, expect.stringMatching(/^[0-9a-f-]{36}$/));
    expect(screen.getByRole("button", { name: "Sync now: Withings" })).toBeDisabled();
  });

  test("too often is said kindly", async () => {
    answer(connectedIntegration());
    server.use(http.post(api("/api/v1/device/sync"), () => problem(429, "rate_limited")));
    openApp("/integrations");
    await press("Sync now: Withings");

    expect(await screen.findByRole("alert")).toHaveTextContent("Wait a minute; new readings also come by themselves.");
  });
});

describe("disconnecting", () => {
  test("says what ends and what stays, then leaves the focus with the card", async () => {
    let now = connectedIntegration();
    const ended = vi.fn();
    server.use(
      http.get(api("/api/v1/integrations"), () => HttpResponse.json({ items: [now], next_cursor: null })),
      http.delete(api("/api/v1/integrations/:vendor"), ({ params }) => {
        ended(params.vendor);
        now = integration();
        return new HttpResponse(null, { status: 204 });
      }),
    );
    openApp("/integrations");
    await press("Disconnect Withings");
    const dialog = await screen.findByRole("alertdialog", { name: "Disconnect Withings?" });
    expect(dialog).toHaveTextContent("We stop reading from Withings at once");
    expect(dialog).toHaveTextContent("You still see the readings that are here");
    expect(within(dialog).getByRole("button", { name: "Keep it connected" })).toHaveFocus();
    await userEvent.click(within(dialog).getByRole("button", { name: "Disconnect" }));

    expect(await screen.findByText("Withings is disconnected. Readings that are already here stay.")).toBeInTheDocument();
    await screen.findByRole("button", { name: "Connect Withings" });
    expect(ended).toHaveBeenCalledExactlyOnceWith("withings");
    await waitFor(() => expect(within(screen.getByRole("article")).getByRole("heading")).toHaveFocus());
  });

  test("that does not work leaves it connected", async () => {
    answer(connectedIntegration());
    server.use(http.delete(api("/api/v1/integrations/:vendor"), () => problem(503, "unavailable")));
    openApp("/integrations");
    await press("Disconnect Withings");
    await userEvent.click(within(await screen.findByRole("alertdialog")).getByRole("button", { name: "Disconnect" }));

    expect(await screen.findByRole("alert")).toHaveTextContent("Device Connect is busy for a moment.");
    await press("Keep it connected");
    expect(await card("Withings")).toHaveTextContent("Connected");
  });
});
