import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { connection, reading } from "~/testing/fixtures";
import { openApp } from "~/testing/render-app";
import { api, server } from "~/testing/server";

const { id } = connection();
const at = new Date(Date.now() - 60_000).toISOString();
const asked = vi.fn();
const trace = JSON.stringify({ sampling_hz: 100, unit: "mV", samples: Array.from({ length: 3000 }, (_, n) => Math.sin(n / 10)) });

function recorded(body: string | null) {
  server.use(
    http.get(api("/api/v1/device-connections"), () =>
      HttpResponse.json({ items: [connection({ device_type: "ecg", consent: { id: "d", version: "1", data_kinds: ["ecg"] } })], next_cursor: null }),
    ),
    http.get(api("/api/v1/device-data/:id"), () =>
      HttpResponse.json({
        items: [reading("a", at, { readings: { ecg: { classification: "sinus_rhythm", avg_hr_bpm: 72, duration_s: 30, waveform_url: "s3://box/objects/c/u1" } } })],
        next_cursor: null,
        resolution: "raw",
      }),
    ),
    http.get(api("/api/v1/uploads/:id/url"), ({ params }) => {
      asked(params.id);
      return HttpResponse.json({ url: "http://store.test/box/u1?signature=x" });
    }),
    http.get("http://store.test/box/u1", () => (body === null ? new HttpResponse(null, { status: 403 }) : HttpResponse.text(body))),
  );
}

beforeEach(() => asked.mockClear());

describe("a recording", () => {
  test("is told with its facts and asked for only when somebody opens it", async () => {
    recorded(trace);
    openApp(`/devices/${id}`);
    const open = await screen.findByRole("button", { name: /^See the trace: today/ });
    const row = within(open.closest("li") as HTMLElement);
    expect(row.getByText("sinus rhythm")).toBeInTheDocument();
    expect(row.getByText("30 s")).toBeInTheDocument();
    expect(asked).not.toHaveBeenCalled();

    await userEvent.click(open);

    expect(await screen.findByText("30 seconds of ECG, 100 values a second.")).toBeInTheDocument();
    expect(screen.getByRole("region", { name: /^ECG trace/ })).toHaveAttribute("tabindex", "0");
    expect(screen.getByText("A large square is 0.2 seconds and 0.5 mV.")).toBeInTheDocument();
    expect(asked).toHaveBeenCalledExactlyOnceWith("u1");
  });

  test("of a kind that cannot be shown stays a file", async () => {
    recorded("%PDF-1.7");
    openApp(`/devices/${id}`);
    await userEvent.click(await screen.findByRole("button", { name: /^See the trace/ }));

    expect(await screen.findByText("This page can’t show this kind of file")).toBeInTheDocument();
    expect(screen.getByRole("button", { name: "Download the recording" })).toBeInTheDocument();
  });

  test("that the store refuses ends no session, and can be asked for again", async () => {
    recorded(null);
    openApp(`/devices/${id}`);
    await userEvent.click(await screen.findByRole("button", { name: /^See the trace/ }));

    expect(await screen.findByText("We can’t open this recording right now", {}, { timeout: 5000 })).toBeInTheDocument();
    recorded(trace);
    await userEvent.click(screen.getByRole("button", { name: "Try again" }));
    await waitFor(() => expect(screen.getByText("30 seconds of ECG, 100 values a second.")).toBeInTheDocument());
  });
});
