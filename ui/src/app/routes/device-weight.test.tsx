import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { describe, expect, test, vi } from "vitest";
import type { WeightTrend } from "~/lib/api-types";
import { connection, me, PATIENT, reading } from "~/testing/fixtures";
import { openApp } from "~/testing/render-app";
import { api, live, problem, server } from "~/testing/server";

const DAY = 86_400_000;
const scale = connection({ name: "Bathroom scale", device_type: "scale", consent: { id: "d", version: "1", data_kinds: ["weight"] } });
const ago = (days: number) => new Date(Date.now() - days * DAY).toISOString();

/** A day around each weighing, so that no midnight is near. */
const day = (days: number, mean: number, mean_7d: number) => ({ start: ago(days + 0.4), end: ago(days - 0.4), count: 1, mean, mean_7d });
const TREND: WeightTrend = { days: [day(7.5, 82.2, 82.2), day(0.5, 81.4, 81.8)], changes: [{ days: 7, kg: -0.8 }] };

function weighed(trend: () => Response | Promise<Response> = () => HttpResponse.json(TREND)) {
  const items = [reading("b", ago(0.5), { readings: { weight_kg: 81.4 } }), reading("a", ago(7.5), { readings: { weight_kg: 82.2 } })];
  const value = { value: 81.4, timestamp: items[0]!.timestamp, id: "b", device_connection_id: scale.id };
  server.use(
    http.get(api("/api/v1/device-connections"), () => HttpResponse.json({ items: [scale], next_cursor: null })),
    http.get(api("/api/v1/device-data/:id"), () => HttpResponse.json({ items, next_cursor: null, resolution: "raw" })),
    http.get(api("/api/v1/device-data/:id/latest"), () => HttpResponse.json({ latest: { weight_kg: value } })),
    http.get(api("/api/v1/device-data/:id/weight-trend"), trend),
  );
}

const latest = () => screen.findByRole("region", { name: /Latest/ });

describe("the trend of a weight", () => {
  test("stands under the value in words, and in the chart's words beside each value", async () => {
    weighed();
    openApp(`/devices/${scale.id}?range=30d`);

    await waitFor(async () => expect(await latest()).toHaveTextContent("0.8 kg less than a week earlier"));
    expect(screen.getByText("Line: average of 7 days")).toBeInTheDocument();
    const chart = await screen.findByRole("slider");
    chart.focus();
    await userEvent.keyboard("{Home}");
    expect(chart).toHaveAttribute("aria-valuetext", expect.stringMatching(/: 82\.2 kg, 82\.2 kg on average over 7 days$/));
    await userEvent.keyboard("{End}");
    expect(chart).toHaveAttribute("aria-valuetext", expect.stringMatching(/: 81\.4 kg, 81\.8 kg on average over 7 days$/));
  });

  test("is in the reader's unit, also in the table", async () => {
    weighed();
    server.use(http.get(api("/api/v1/me"), () => HttpResponse.json(me({ units: { glucose: "mg/dL", weight: "lb", temperature: "C" } }))));
    openApp(`/devices/${scale.id}?range=30d&view=table`);

    await waitFor(async () => expect(await latest()).toHaveTextContent("1.8 lb less than a week earlier"));
    const rows = within(screen.getByRole("table")).getAllByRole("row");
    expect(within(rows[0]!).getByRole("columnheader", { name: "7-day average" })).toBeInTheDocument();
    expect(within(rows[1]!).getAllByRole("cell").map((cell) => cell.lastChild?.textContent)).toEqual(["179.5 lb", "180.3 lb"]);
  });

  test("another value of the same scale has none", async () => {
    weighed();
    const items = [reading("b", ago(0.5), { readings: { weight_kg: 81.4, bmi: 24.6 } })];
    server.use(http.get(api("/api/v1/device-data/:id"), () => HttpResponse.json({ items, next_cursor: null, resolution: "raw" })));
    openApp(`/devices/${scale.id}?range=30d&metric=bmi`);
    await waitFor(async () => expect(await latest()).toHaveTextContent("a week earlier"));

    expect((await screen.findAllByText("One value in 30 days: 24.6 kg/m²."))[0]).toBeInTheDocument();
    expect(screen.queryByText("Line: average of 7 days")).toBeNull();
  });

  test("that does not come leaves the values, and is said", async () => {
    weighed(() => problem(409, "conflict"));
    openApp(`/devices/${scale.id}?range=30d`);

    expect(await screen.findByText("The 7-day average can’t be shown right now.")).toBeInTheDocument();
    expect(await latest()).toHaveTextContent("81.4 kg");
    expect(screen.getByText("Dot: one measurement")).toBeInTheDocument();
  });

  test("is asked again when somebody steps on the scale, and is not told of another value", async () => {
    const asked = vi.fn(() => HttpResponse.json(TREND));
    weighed(asked);
    let send = (_frame: object) => {};
    server.use(
      live.addEventListener("connection", ({ client }) => {
        send = (frame) => client.send(JSON.stringify(frame));
      }),
    );
    openApp(`/devices/${scale.id}?range=30d`);
    await waitFor(async () => expect(await latest()).toHaveTextContent("a week earlier"));
    await screen.findByText("Live");
    asked.mockClear();

    send({ type: "reading", cursor: "c1", patient_id: PATIENT, reading: reading("c", ago(0), { readings: { weight_kg: 80.9 } }) });

    await waitFor(async () => expect(await latest()).toHaveTextContent("80.9 kg"));
    expect(asked).toHaveBeenCalled();
    expect(await latest()).not.toHaveTextContent("a week earlier");
  });

  test("is drawn on paper too, with the change among the facts", async () => {
    weighed();
    openApp(`/devices/${scale.id}?range=30d&view=report`);

    expect(await screen.findByText("0.8 kg less than a week earlier")).toBeInTheDocument();
    const chart = screen.getByRole("img", { name: /^2 values in 30 days/ });
    expect(chart.querySelectorAll(".average")).toHaveLength(1);
    expect(screen.getByRole("columnheader", { name: "7-day average" })).toBeInTheDocument();
  });
});
