import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { describe, expect, test, vi } from "vitest";
import { connection, reading } from "~/testing/fixtures";
import { openApp } from "~/testing/render-app";
import { api, problem, server } from "~/testing/server";

const { id } = connection();
const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();

function history(count: number) {
  const items = Array.from({ length: count }, (_, n) => reading(`r${n}`, ago(60 + n * 60)));
  server.use(http.get(api("/api/v1/device-data/:id"), () => HttpResponse.json({ items, next_cursor: null, resolution: "raw" })));
}

describe("the report of a device", () => {
  test("is two pages, each with the person and its number", async () => {
    history(40);
    openApp(`/devices/${id}?view=report`);

    const first = await screen.findByRole("region", { name: "patient-1, Blood pressure" });
    expect(within(first).getByText("patient-1 · page 1 of 2")).toBeInTheDocument();
    expect(within(first).getByText(/times in Europe\/Berlin$/)).toBeInTheDocument();
    expect(within(first).getByRole("img", { name: /^40 readings in 7 days: upper values/ })).toBeInTheDocument();
    const second = screen.getByRole("region", { name: "Readings, newest first" });
    expect(within(second).getByText("patient-1 · page 2 of 2")).toBeInTheDocument();
    expect(within(second).getAllByRole("row")).toHaveLength(35);
    expect(within(second).getByText(/^6 earlier readings are not on this page/)).toBeInTheDocument();
    expect(within(second).queryByText(/today|yesterday/)).toBeNull();
  });

  test("the legend names what the chart draws on paper, and nothing that it does not", async () => {
    const points = { "blood_pressure.systolic": [96, 143, 120], "blood_pressure.diastolic": [56, 92, 75], "blood_pressure.hr": [60, 81, 70] };
    server.use(
      http.get(api("/api/v1/device-data/:id"), ({ request }) => {
        const { metric = "", resolution } = Object.fromEntries(new URL(request.url).searchParams);
        if (resolution === "raw") return HttpResponse.json({ items: [], next_cursor: "more", resolution: "raw" });
        const [min, max, mean] = points[metric as keyof typeof points];
        return HttpResponse.json({ resolution: "1d", points: [{ t: ago(3000), min, max, mean, count: 5 }] });
      }),
    );
    openApp(`/devices/${id}?view=report&range=90d`);
    const chart = await screen.findByRole("img", { name: /upper values/ });

    expect(chart.querySelectorAll(".outlined")).toHaveLength(1);
    expect(screen.getByText("Outlined: lower values of several").closest(".paper")).not.toBeNull();
    expect(screen.queryByText("Thin line: pulse of several")).toBeNull();
    expect(screen.queryByText("Average of each day")).toBeNull();
  });

  test("prints when it is asked to, and the way back keeps kind and range", async () => {
    history(1);
    const print = vi.spyOn(globalThis, "print").mockImplementation(() => {});
    const { router } = openApp(`/devices/${id}?view=report&range=30d`);
    await screen.findByText("patient-1 · page 2 of 2");

    await userEvent.click(screen.getByRole("button", { name: "Print" }));
    expect(print).toHaveBeenCalledOnce();
    await userEvent.click(screen.getByRole("link", { name: "Back to the device" }));

    expect(await screen.findByRole("heading", { name: "Kitchen cuff" })).toBeInTheDocument();
    expect(router.state.location.search).toEqual({ range: "30d" });
  });

  test("is not printed while its readings are not here", async () => {
    server.use(http.get(api("/api/v1/device-data/:id"), () => problem(409, "conflict")));
    openApp(`/devices/${id}?view=report`);

    expect(await screen.findByText("We can’t show the chart right now")).toBeInTheDocument();
    expect(screen.getByRole("button", { name: "Print" })).toBeDisabled();
  });
});
