import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { expect, test, vi } from "vitest";
import type { RollupPoint } from "~/lib/api-types";
import { addDays, dayOf, startOfDay } from "~/lib/days";
import { connection, me } from "~/testing/fixtures";
import { openApp } from "~/testing/render-app";
import { api, server } from "~/testing/server";

const ZONE = me().timezone;
const watch = connection({ name: "Watch", device_type: "smart_watch", consent: { id: "d", version: "1", data_kinds: ["activity"] } });

/** So many days ago, in the person's zone. */
const point = (ago: number, sum: number): RollupPoint => {
  const t = new Date(startOfDay(addDays(dayOf(Date.now(), ZONE), -ago), ZONE)).toISOString();
  return { t, min: 1, max: 90, mean: 40, count: 60, sum };
};

/** What the tracker told last: of one minute. */
const minute = { id: "r-9", timestamp: new Date().toISOString() };
const latest = { steps: { ...minute, value: 12 }, distance_m: { ...minute, value: 9 } };

/** Four days: a whole one, one of which nothing came, one of nothing, and today. */
function walked(days = [point(3, 8204), point(1, 0), point(0, 1204)]) {
  const asked = vi.fn();
  server.use(
    http.get(api("/api/v1/device-connections"), () => HttpResponse.json({ items: [watch], next_cursor: null })),
    http.get(api("/api/v1/device-data/:id/latest"), () => HttpResponse.json({ latest })),
    http.get(api("/api/v1/device-data/:id"), ({ request }) => {
      const { metric, resolution } = Object.fromEntries(new URL(request.url).searchParams);
      if (resolution === "raw") return HttpResponse.json({ items: [], next_cursor: null, resolution: "raw" });
      asked(metric, resolution);
      return HttpResponse.json({ resolution: "1d", points: metric === "steps" ? days : [] });
    }),
  );
  return asked;
}

const card = async () => within(await screen.findByRole("region", { name: /^Latest/ }));

test.each(["24h", "7d", "30d", "90d"] as const)("a tracker's chart of %s is of days, which the platform adds up", async (range) => {
  const asked = walked();
  openApp(`/devices/${watch.id}?range=${range}`);

  expect(await screen.findByText("Bar: a whole day")).toBeInTheDocument();
  expect(new Set(asked.mock.calls.map((question) => question.join(" ")))).toEqual(new Set(["steps 1d", "distance_m 1d", "active_energy_kcal 1d"]));
});

test("today is marked as not over, and a day of nothing is not a day without data", async () => {
  walked();
  openApp(`/devices/${watch.id}`);

  expect((await screen.findAllByText("2 whole days in 7 days, between 0 and 8,204 steps a day. Today so far: 1,204 steps."))[0]).toBeInTheDocument();
  expect(screen.getByText("Striped: today so far")).toBeInTheDocument();
  expect(screen.getByText("Dash: no data")).toBeInTheDocument();
  const chart = await screen.findByRole("slider");
  chart.focus();
  for (const [key, value] of [["{End}", "1,204 steps so far"], ["{ArrowLeft}", "0 steps"], ["{ArrowLeft}", "No data"], ["{ArrowLeft}", "8,204 steps"]] as const) {
    await userEvent.keyboard(key);
    expect(chart).toHaveAttribute("aria-valuetext", expect.stringMatching(new RegExp(`^\\w+ \\d+ \\w+: ${value}$|: ${value}$`)));
  }
});

test("the newest value is what the day came to, not what its last minute had", async () => {
  walked();
  openApp(`/devices/${watch.id}`);

  const region = await card();
  expect(await region.findByText("1,204")).toBeInTheDocument();
  expect(region.getByText("Today so far")).toBeInTheDocument();
  expect(region.queryByText("12")).toBeNull();
  // Nothing of the day was told of the distance: that of a minute does not stand for it.
  expect(region.queryByText("Distance")).toBeNull();
});

test("another range of the chart leaves the newest value where it is", async () => {
  const asked = walked();
  openApp(`/devices/${watch.id}`);
  const region = await card();
  await region.findByText("1,204");

  const before = asked.mock.calls.length;
  await userEvent.click(screen.getByRole("radio", { name: "90 days" }));
  expect(region.getByText("1,204")).toBeInTheDocument();
  expect(region.queryByText("Loading")).toBeNull();
  await waitFor(() => expect(asked.mock.calls.length).toBeGreaterThan(before));
});

test("of a day that is over the newest value says which", async () => {
  walked([point(2, 8204)]);
  openApp(`/devices/${watch.id}`);

  const region = await card();
  expect(await region.findByText("8,204")).toBeInTheDocument();
  expect(region.getByText(/^\w{3}, \w{3} \d+$|^\w{3} \d+ \w{3}$|^\w{3}, \d+ \w{3}$/)).toBeInTheDocument();
});

test("where nothing came in these days, the reading that came last stands there", async () => {
  walked([]);
  openApp(`/devices/${watch.id}`);

  const region = await card();
  expect(await region.findByText("12")).toBeInTheDocument();
  expect(region.getByText("Distance")).toBeInTheDocument();
  expect(region.queryByText("Today so far")).toBeNull();
});

test("the table has a row for each day, and the file is the same as of every device", async () => {
  walked();
  openApp(`/devices/${watch.id}?view=table`);

  const rows = within(await screen.findByRole("table")).getAllByRole("row").slice(1);
  expect(rows.map((row) => within(row).getAllByRole("cell").map((cell) => cell.lastChild?.textContent))).toEqual([["1,204 steps so far"], ["0 steps"], ["No data"], ["8,204 steps"]]);
  expect(screen.getByRole("link", { name: "Download as CSV" })).toHaveAttribute("href", expect.stringContaining("/export?format=csv"));
});

test("on paper today is striped, and a dash stands where nothing came", async () => {
  walked();
  openApp(`/devices/${watch.id}?view=report`);

  const chart = await screen.findByRole("img", { name: /^2 whole days in 7 days/ });
  expect(chart.querySelectorAll("rect.bar")).toHaveLength(2);
  expect(chart.querySelectorAll("rect.outlined")).toHaveLength(1);
  expect(chart.querySelectorAll("path.stroke")).toHaveLength(1);
});

test("another amount of which nothing came says so", async () => {
  walked();
  openApp(`/devices/${watch.id}?metric=distance_m`);

  expect((await screen.findAllByText("No readings in this time."))[0]).toBeInTheDocument();
});
