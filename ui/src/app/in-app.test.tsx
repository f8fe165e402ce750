import "fake-indexeddb/auto";
import { act, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse, ws } from "msw";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { serverHere, setBearer, setServer } from "~/lib/companion/here";
import { challengeOf } from "~/lib/companion/sign-in";
import { Memory } from "~/lib/health-store/memory";
import { connection, me, PATIENT, reading } from "~/testing/fixtures";
import { phone } from "~/testing/phone";
import { openApp } from "~/testing/render-app";
import { listening, platformAt, problem, server } from "~/testing/server";
import { hearLinks, pathOfLink, wakeUp } from "./in-app";

vi.hoisted(() => vi.stubEnv("VITE_APP", "1"));
vi.mock("@aparajita/capacitor-secure-storage", async () => (await import("~/testing/phone")).keyStorePlugin);
vi.mock("@capacitor/app", async () => (await import("~/testing/phone")).appPlugin);
vi.mock("@capgo/capacitor-health", async () => (await import("~/testing/phone")).healthPlugin);

const SERVER = "https://health.example";
const TOKEN = "Ab3_x-Zq9LmN0pQrStUvWw";
const CODE = "c".repeat(43);
const ID = "0190f3a0-0000-7000-8000-0000000000d1";
const there = (path: string) => `${SERVER}${path}`;
const watch = (change = {}) =>
  connection({ id: ID, name: "My watch", status: "pairing", pairing_method: "healthkit", hub_id: null, consent: { id: "x", version: "2026-01", data_kinds: ["weight", "ecg"] }, ...change });
const weight = (id: string, hoursAgo: number) => {
  const at = new Date(Date.now() - hoursAgo * 3600_000).toISOString();
  return { dataType: "weight" as const, value: 80, unit: "kilogram" as const, startDate: at, endDate: at, platformId: id, sourceName: "Watch" };
};

let sockets: string[];

/** Opens the app as the phone does; what was kept is in its key store. */
async function open(path = "/", { signedIn = true } = {}) {
  if (signedIn) phone.keys.set("bearer", "dca_one");
  history.replaceState(null, "", path);
  await wakeUp();
  const parts = openApp(location.pathname + location.search, { signedIn: false });
  hearLinks(parts);
  return parts;
}

beforeEach(async () => {
  phone.reset();
  await new Memory().clear();
  setServer("");
  setBearer(null);
  phone.keys.set("server", SERVER);
  sockets = [];
  const live = ws.link("wss://health.example/ws/live");
  server.use(
    ...platformAt(there),
    listening(live),
    live.addEventListener("connection", ({ client }) => void sockets.push(String(client.url))),
  );
});

describe("which links open what", () => {
  test.each([
    [`deviceconnect://pair?token=${TOKEN}`, SERVER, `/app/pair?token=${TOKEN}`],
    [`${SERVER}/app/pair?token=${TOKEN}`, SERVER, `/app/pair?token=${TOKEN}`],
    [`deviceconnect://pair?token=${TOKEN}`, "", `/app/server?next=${encodeURIComponent(`/app/pair?token=${TOKEN}`)}`],
    [`deviceconnect://signed-in?code=${CODE}`, SERVER, `/app/signed-in?code=${CODE}`],
    [`https://evil.example/app/pair?token=${TOKEN}`, SERVER, null],
    ["deviceconnect://settings", SERVER, null],
  ])("%s at “%s” leads to %s", (link, here, path) => {
    expect(pathOfLink(link, here)).toBe(path);
  });
});

describe("the address of the server", () => {
  const field = () => screen.findByRole("textbox", { name: "Your Device Connect address" });
  const go = async (typed: string) => {
    await userEvent.clear(await field());
    await userEvent.type(await field(), typed);
    await userEvent.click(screen.getByRole("button", { name: "Go on" }));
  };
  beforeEach(() => phone.keys.delete("server"));

  test("is asked first, checked there, and kept", async () => {
    server.use(http.get(there("/api/v1/me"), () => problem(401, "unauthenticated")));
    await open("/", { signedIn: false });

    await screen.findByRole("heading", { name: "Where is your Device Connect?" });
    await go("health.example");

    expect(await screen.findByText("Your Device Connect is at health.example")).toBeInTheDocument();
    expect(phone.keys.get("server")).toBe(SERVER);
    expect(serverHere()).toBe(SERVER);
  });

  test("that is none, that is silent and that is somebody else's each say what to do", async () => {
    await open("/", { signedIn: false });

    await go("http://health.example");
    expect(await screen.findByText(/Type it like health\.example\.org/)).toBeInTheDocument();
    server.use(http.get(there("/api/v1/me"), () => HttpResponse.error()));
    await go("health.example");
    expect(await screen.findByText("No answer from this address")).toBeInTheDocument();
    server.use(http.get(there("/api/v1/me"), () => HttpResponse.text("<h1>Welcome</h1>")));
    await go("health.example");
    expect(await screen.findByText("This is not Device Connect")).toBeInTheDocument();
    expect(phone.keys.has("server")).toBe(false);
  });
});

describe("signing in", () => {
  test("leads to the system's browser with a challenge, and a link brings the person back to where they were going", async () => {
    let sent: unknown;
    server.use(
      http.post(there("/auth/app/token"), async ({ request }) => {
        sent = await request.json();
        return HttpResponse.json({ access_token: "dca_new", token_type: "Bearer", expires_in: 9 });
      }),
    );
    await open("/settings", { signedIn: false });

    const link = await screen.findByRole("link", { name: "Sign in" });
    await waitFor(() => expect(link).toHaveAttribute("href"));
    const address = new URL(link.getAttribute("href") ?? "");
    const { verifier } = JSON.parse(String(phone.keys.get("sign-in"))) as { verifier: string };
    phone.say("appUrlOpen", { url: `deviceconnect://signed-in?code=${CODE}` });

    expect(await screen.findByRole("heading", { level: 1, name: "Settings" })).toBeInTheDocument();
    expect(address.origin + address.pathname).toBe(`${SERVER}/auth/login`);
    expect(address.searchParams.get("app_challenge")).toBe(await challengeOf(verifier));
    expect(sent).toEqual({ code: CODE, verifier });
    expect(phone.keys.get("bearer")).toBe("dca_new");
    expect(phone.keys.has("sign-in")).toBe(false);
  });

  test("survives that the phone closed the app meanwhile", async () => {
    phone.keys.set("sign-in", JSON.stringify({ verifier: "v".repeat(64), next: "/settings" }));
    phone.launchedBy = `deviceconnect://signed-in?code=${CODE}`;
    server.use(http.post(there("/auth/app/token"), () => HttpResponse.json({ access_token: "dca_new", token_type: "Bearer", expires_in: 9 })));
    await open("/", { signedIn: false });

    expect(await screen.findByRole("heading", { level: 1, name: "Settings" })).toBeInTheDocument();
  });

  test("that came too late says so and begins anew; without an answer the same code is tried again", async () => {
    phone.keys.set("sign-in", JSON.stringify({ verifier: "v".repeat(64), next: "/settings" }));
    server.use(http.post(there("/auth/app/token"), () => HttpResponse.error()));
    await open(`/app/signed-in?code=${CODE}`, { signedIn: false });

    await screen.findByText(/No answer yet/);
    server.use(http.post(there("/auth/app/token"), () => problem(401, "unauthenticated")));
    await userEvent.click(screen.getByRole("button", { name: "Try again" }));

    expect(await screen.findByText(/took too long or was used before/)).toBeInTheDocument();
    expect(await screen.findByRole("link", { name: "Sign in again" })).toBeInTheDocument();
    expect(phone.keys.has("bearer")).toBe(false);
  });

  test("a link that nobody asked for signs nobody in", async () => {
    const redeemed = vi.fn();
    server.use(http.post(there("/auth/app/token"), () => (redeemed(), HttpResponse.json({}))));
    await open(`/app/signed-in?code=${CODE}`, { signedIn: false });

    await screen.findByRole("link", { name: "Sign in" });
    expect(redeemed).not.toHaveBeenCalled();
  });
});

describe("what goes to the server", () => {
  test("carries the bearer and no cookie, and the live stream speaks to the same server", async () => {
    const seen: Request[] = [];
    server.use(http.get(there("/api/v1/me"), ({ request }) => (seen.push(request), HttpResponse.json(me()))));
    await open("/devices");

    await screen.findByText("Kitchen cuff");
    await waitFor(() => expect(sockets).toEqual(["wss://health.example/ws/live?ticket=ticket"]));
    expect(seen[0]?.headers.get("Authorization")).toBe("Bearer dca_one");
    expect(seen[0]?.credentials).toBe("omit");
  });

  test("where sockets are cut, values come as server-sent events with the same bearer, and go on from the same place", { timeout: 15_000 }, async () => {
    const asked: Request[] = [];
    let line: ReadableStreamDefaultController<Uint8Array>;
    const item = reading("new", new Date().toISOString(), { device_connection_id: connection().id, readings: { blood_pressure: { systolic: 141, diastolic: 91 } } });
    const frames = [{ type: "subscribed", patient_id: PATIENT, cursor: "c0" }, { type: "reading", patient_id: PATIENT, cursor: "c7", reading: item }];
    server.use(
      ws.link("wss://health.example/ws/live").addEventListener("connection", ({ client }) => client.close(1011)),
      http.get(there("/api/v1/stream"), ({ request }) => {
        asked.push(request);
        const text = frames.map((frame) => `id: ${frame.cursor}\ndata: ${JSON.stringify(frame)}\n\n`).join("");
        const body = new ReadableStream<Uint8Array>({
          start: (controller) => {
            controller.enqueue(new TextEncoder().encode(text));
            line = controller;
          },
        });
        return new HttpResponse(body, { headers: { "Content-Type": "text/event-stream" } });
      }),
    );
    await open(`/devices/${connection().id}`);

    expect(await screen.findByText("Live", undefined, { timeout: 10_000 })).toBeInTheDocument();
    expect(asked[0]?.headers.get("Authorization")).toBe("Bearer dca_one");
    expect(asked[0]?.credentials).toBe("omit");
    expect(new URL(asked[0]!.url).searchParams.get("patient_id")).toBe(PATIENT);
    expect((await screen.findAllByText(/141\/91/))[0]).toBeInTheDocument();

    line!.close();
    await waitFor(() => expect(asked).toHaveLength(2), { timeout: 5000 });
    expect(new URL(asked[1]!.url).searchParams.get("after")).toBe("c7");
  });

  test("signing out ends the session there and leaves nothing on the phone", async () => {
    let out: Request | undefined;
    server.use(http.post(there("/auth/logout"), ({ request }) => ((out = request), HttpResponse.json({ redirect: "/" }))));
    await open("/settings");

    await userEvent.click((await screen.findAllByRole("button", { name: "Sign out" }))[0]!);
    await screen.findByRole("heading", { level: 1, name: "You are signed out" });

    expect(out?.headers.get("Authorization")).toBe("Bearer dca_one");
    expect(out?.headers.has("X-CSRF-Token")).toBe(false);
    await waitFor(() => expect(phone.keys.has("bearer")).toBe(false));
  });

  test("a session that has ended there shows why, and the bearer is gone", async () => {
    server.use(http.get(there("/api/v1/device-connections"), () => problem(401, "unauthenticated")));
    await open("/devices");

    expect(await screen.findByRole("link", { name: "Sign in again" })).toBeInTheDocument();
    await waitFor(() => expect(phone.keys.has("bearer")).toBe(false));
  });
});

describe("a code that was opened on the phone", () => {
  let batches: { records: { id: string }[] }[];
  let status: string;

  function platform() {
    batches = [];
    status = "pairing";
    server.use(
      http.post(there("/api/v1/device-connections/pair/look"), () => HttpResponse.json(watch())),
      http.post(there("/api/v1/device-connections/pair/complete"), () => {
        status = "connected";
        return HttpResponse.json({ connection: watch({ status }), ingest_token: "dci_x" });
      }),
      http.get(there("/api/v1/device-connections"), () => HttpResponse.json({ items: [watch({ status })], next_cursor: null })),
      http.post(there("/api/v1/healthkit/export"), async ({ request }) => {
        const batch = (await request.json()) as (typeof batches)[number];
        batches.push(batch);
        return HttpResponse.json({ accepted: batch.records.length, duplicates: 0, rejected: [], anchor: null }, { status: 202 });
      }),
    );
  }
  beforeEach(platform);

  test("shows what is shared, opens the phone's sheet for just that, and sends the first readings", async () => {
    phone.samples = [weight("w1", 2), weight("w2", 30)];
    await open("/devices");
    phone.say("appUrlOpen", { url: `deviceconnect://pair?token=${TOKEN}` });

    await screen.findByRole("heading", { level: 1, name: "Connect this phone" });
    expect(await screen.findByText("Weight")).toBeInTheDocument();
    expect(screen.queryByText("ECG")).toBeNull();
    await userEvent.click(screen.getByRole("button", { name: "Choose data to share" }));

    expect(await screen.findByRole("heading", { level: 1, name: "Your phone is connected" })).toBeInTheDocument();
    expect(await screen.findByText("2 new readings sent.")).toBeInTheDocument();
    expect(phone.asked).toEqual([["weight"]]);
    expect(batches.flatMap(({ records }) => records.map(({ id }) => id)).sort()).toEqual(["w1", "w2"]);
    expect(String(phone.keys.get(`phone/${PATIENT}`))).toMatch(/^phone-[0-9a-f-]{36}$/);
    expect(phone.keys.get("paired")).toBe(JSON.stringify([ID]));
  });

  test("waits for a person who must sign in first", async () => {
    phone.launchedBy = `deviceconnect://pair?token=${TOKEN}`;
    await open("/", { signedIn: false });

    await waitFor(() => expect(JSON.parse(String(phone.keys.get("sign-in")))).toMatchObject({ next: `/app/pair?token=${TOKEN}` }));
  });

  test.each([
    [404, "not_found", /belongs to another account/],
    [410, "pairing_expired", /older than ten minutes/],
    [409, "pairing_used", /was used before/],
  ])("that is refused with %i %s says what to do", async (code, word, text) => {
    server.use(http.post(there("/api/v1/device-connections/pair/look"), () => problem(code, word)));
    await open(`/app/pair?token=${TOKEN}`);

    expect(await screen.findByText(text)).toBeInTheDocument();
    expect(screen.getByRole("link", { name: "Go to your devices" })).toBeInTheDocument();
  });

  test("is not needed where the person adds the device in the app itself", async () => {
    server.use(
      http.post(there("/api/v1/device-connections/pair/start"), () =>
        HttpResponse.json({ pairing_token: TOKEN, expires_at: new Date(Date.now() + 600_000).toISOString(), method: "healthkit", steps: [] }),
      ),
      http.get(there(`/api/v1/device-connections/${ID}/pairing`), () => HttpResponse.json({ state: "waiting", found: [], expires_at: null })),
    );
    await open(`/pair/connect?connection=${ID}`);

    expect(await screen.findByRole("button", { name: "Choose data to share" })).toBeInTheDocument();
  });

  test("can be typed where a camera does not help", async () => {
    await open("/devices");
    await userEvent.click(await screen.findByRole("link", { name: "Enter a code" }));
    const field = await screen.findByRole("textbox", { name: "The letters of the code" });
    await userEvent.type(field, "too short");
    await userEvent.click(screen.getByRole("button", { name: "Go on" }));
    await screen.findByText(/Letters are missing/);
    await userEvent.clear(field);
    await userEvent.type(field, `${TOKEN.slice(0, 8)} ${TOKEN.slice(8)}`);
    await userEvent.click(screen.getByRole("button", { name: "Go on" }));

    expect(await screen.findByRole("button", { name: "Choose data to share" })).toBeInTheDocument();
  });

  test("of the other kind of phone leads to the right one", async () => {
    phone.platform = "android";
    await open(`/app/pair?token=${TOKEN}`);

    expect(await screen.findByText("This code is for the other kind of phone")).toBeInTheDocument();
  });

  test("goes on where it stopped when the line drops", async () => {
    const keysSent = new Set<string | null>();
    let tries = 0;
    server.use(
      http.post(there("/api/v1/device-connections/pair/complete"), ({ request }) => {
        keysSent.add(request.headers.get("Idempotency-Key"));
        tries += 1;
        return tries === 1 ? HttpResponse.error() : HttpResponse.json({ connection: watch({ status: "connected" }), ingest_token: "dci_x" });
      }),
    );
    await open(`/app/pair?token=${TOKEN}`);
    await userEvent.click(await screen.findByRole("button", { name: "Choose data to share" }));
    await screen.findByText("Your phone is not connected yet");
    await userEvent.click(screen.getByRole("button", { name: "Try again" }));

    expect(await screen.findByRole("heading", { level: 1, name: "Your phone is connected" })).toBeInTheDocument();
    expect(await screen.findByText("All readings were here already.")).toBeInTheDocument();
    expect(keysSent.size).toBe(1);
  });

  describe("later", () => {
    beforeEach(() => {
      status = "connected";
      phone.keys.set("paired", JSON.stringify([ID]));
      phone.samples = [weight("w1", 2)];
    });

    test("opening the app sends what is new, and so does coming back to it after a while", async () => {
      const now = vi.spyOn(Date, "now");
      const { router } = await open("/devices");
      await waitFor(() => expect(batches).toHaveLength(1));
      await act(() => router.navigate({ to: "/app/health-data" }));
      await screen.findByText("1 new reading sent.");
      phone.samples.push(weight("w2", 1));
      now.mockReturnValue(performance.timeOrigin + performance.now() + 120_000);
      phone.say("resume");

      await waitFor(() => expect(batches.flatMap(({ records }) => records.map(({ id }) => id))).toEqual(["w1", "w2"]));
    });

    test("the page of health data says what is read, and sends on a press", async () => {
      await open("/app/health-data");
      await screen.findByText("Reads weight from Apple Health.");
      await screen.findByText("1 new reading sent.");
      await userEvent.click(screen.getByRole("button", { name: "Sync now" }));

      expect(await screen.findByText("All readings were here already.")).toBeInTheDocument();
      expect(batches).toHaveLength(1);
    });

    test("a phone that gives nothing, and a consent that was taken back, each say what to do", async () => {
      phone.refusesToRead = true;
      await open("/app/health-data");
      expect(await screen.findByText("The phone gave nothing to read")).toBeInTheDocument();

      phone.refusesToRead = false;
      server.use(http.post(there("/api/v1/healthkit/export"), () => problem(422, "consent_revoked")));
      await userEvent.click(screen.getByRole("button", { name: "Sync now" }));
      expect(await screen.findByText("This device may not send these readings")).toBeInTheDocument();
    });

    test("what was paired on another phone is read there", async () => {
      phone.keys.delete("paired");
      await open("/app/health-data");

      expect(await screen.findByText("Read by another phone: My watch")).toBeInTheDocument();
      expect(screen.getByText("This phone sends nothing yet")).toBeInTheDocument();
      expect(batches).toEqual([]);
    });
  });
});
