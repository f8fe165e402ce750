import { act, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Connection, PairingProgress } from "~/lib/api-types";
import { connection } from "~/testing/fixtures";
import { openApp } from "~/testing/render-app";
import { api, problem, server } from "~/testing/server";

const ID = "0190f3a0-0000-7000-8000-0000000000d1";

/** A device that a phone connects; codes are numbered and good for `life` ms. */
function platform(life: number, change: Partial<Connection> = {}) {
  const progress: { state: PairingProgress["state"] } = { state: "waiting" };
  let codes = 0;
  server.use(
    http.get(api("/api/v1/device-connections"), () =>
      HttpResponse.json({ items: [connection({ id: ID, name: "My watch", status: "pairing", pairing_method: "healthkit", hub_id: null, ...change })], next_cursor: null }),
    ),
    http.post(api("/api/v1/device-connections/pair/start"), () => {
      codes += 1;
      const link = `deviceconnect://pair?token=code-${codes}`;
      return HttpResponse.json({
        pairing_token: `code-${codes}`,
        expires_at: new Date(Date.now() + life).toISOString(),
        method: "healthkit",
        steps: [],
        qr: { payload: link, svg: "<svg/>" },
        companion: { deep_link: link },
      });
    }),
    http.get(api("/api/v1/device-connections/:id/pairing"), () => HttpResponse.json({ state: progress.state, found: [], expires_at: null })),
  );
  return progress;
}

const openStep = () => openApp(`/pair/connect?connection=${ID}`);

afterEach(() => {
  vi.useRealTimers();
});

describe("a device that the phone connects", () => {
  test("shows a picture for the camera, the same as a link, and as letters", async () => {
    platform(600_000);
    openStep();

    expect(await screen.findByRole("heading", { name: "Go on with your phone" })).toBeInTheDocument();
    expect(await screen.findByRole("img", { name: "Code for your phone’s camera" })).toBeInTheDocument();
    expect(screen.getByRole("link", { name: "Open the app on this phone" })).toHaveAttribute("href", "deviceconnect://pair?token=code-1");
    expect(screen.getByText("Choose in Apple Health which data to share.")).toBeInTheDocument();
    await userEvent.click(screen.getByText("The camera does not help?"));
    expect(screen.getByText("code-1")).toBeVisible();
  });

  test("goes on by itself when the phone has finished", async () => {
    const progress = platform(600_000);
    openStep();
    await screen.findByText("Waiting for your phone. This page goes on by itself.");
    progress.state = "done";

    expect(await screen.findByRole("heading", { level: 1, name: "Your phone is connected" }, { timeout: 5000 })).toBeInTheDocument();
    await userEvent.click(screen.getByRole("button", { name: "Go on" }));
    await screen.findByRole("heading", { level: 1, name: "Give it a name" });
  });

  test("counts down the last minute and then shows a new code", async () => {
    platform(3_000);
    openStep();

    expect(await screen.findByText(/A new code in \d seconds?\./)).toBeInTheDocument();
    await waitFor(() => expect(screen.getByRole("link", { name: "Open the app on this phone" })).toHaveAttribute("href", "deviceconnect://pair?token=code-2"), {
      timeout: 8000,
    });
  });

  test("a page that nobody looks at stops asking and offers a new code", async () => {
    platform(1_000);
    vi.spyOn(document, "visibilityState", "get").mockReturnValue("hidden");
    openStep();

    expect(await screen.findByText("This code is no longer good", undefined, { timeout: 5000 })).toBeInTheDocument();
    await userEvent.click(screen.getByRole("button", { name: "Show a new code" }));
    await waitFor(() => expect(screen.getByRole("link", { name: "Open the app on this phone" })).toHaveAttribute("href", "deviceconnect://pair?token=code-2"));
  });

  test("says when the internet is gone, and keeps the code", async () => {
    platform(600_000);
    openStep();
    await screen.findByText("Waiting for your phone. This page goes on by itself.");
    vi.spyOn(navigator, "onLine", "get").mockReturnValue(false);
    act(() => void globalThis.dispatchEvent(new Event("offline")));

    expect(await screen.findByText("You are offline. Connect to the internet to finish.")).toBeInTheDocument();
    expect(screen.getByRole("img", { name: "Code for your phone’s camera" })).toBeInTheDocument();
  });

  test("without consent it leads there", async () => {
    platform(600_000);
    server.use(http.post(api("/api/v1/device-connections/pair/start"), () => problem(422, "consent_required")));
    openStep();

    await userEvent.click(await screen.findByRole("button", { name: "Read and decide" }));
    await screen.findByRole("heading", { level: 1, name: "May it share readings?" });
  });

  test("connected before this page was opened again, it asks for no code", async () => {
    platform(600_000, { status: "connected", pairing_method: "companion_app" });
    openStep();

    expect(await screen.findByText("The app has found your device. Next comes the first reading.")).toBeInTheDocument();
    expect(screen.queryByRole("img", { name: "Code for your phone’s camera" })).toBeNull();
  });
});
