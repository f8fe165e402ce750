import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { describe, expect, test, vi } from "vitest";
import type { ReadingItem } from "~/lib/api-types";
import { connection, me, PATIENT, reading } from "~/testing/fixtures";
import { openApp } from "~/testing/render-app";
import { api, live, problem, server } from "~/testing/server";

const { id } = connection();
const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();

function history(...items: ReadingItem[]) {
  const newest = items[0];
  server.use(
    http.get(api("/api/v1/device-data/:id"), () => HttpResponse.json({ items, next_cursor: null, resolution: "raw" })),
    http.get(api("/api/v1/device-data/:id/latest"), () =>
      HttpResponse.json({
        latest: newest
          ? Object.fromEntries(
              Object.entries(newest.readings).map(([name, value]) => [name, { value, timestamp: newest.timestamp, id: newest.id, device_connection_id: id }]),
            )
          : {},
      }),
    ),
  );
}

const latest = () => screen.findByRole("region", { name: /Latest/ });

describe("the dashboard of a device", () => {
  test("a value has its unit, time and source, and the chart its sentence", async () => {
    history(reading("b", ago(90)), reading("a", ago(600), { readings: { blood_pressure: { systolic: 118, diastolic: 76, hr: 60 } } }));
    openApp(`/devices/${id}`);

    const card = await latest();
    expect(card).toHaveTextContent("128/84 mmHg");
    expect(card).toHaveTextContent("1 hour ago");
    expect(card).toHaveTextContent("from Kitchen cuff");
    expect(card).toHaveTextContent("Pulse72 bpm");
    expect((await screen.findAllByText("2 readings in 7 days: upper values 118 to 128, lower values 76 to 84 mmHg."))[0]).toBeInTheDocument();
  });

  test("a new reading slides in without a reload", async () => {
    history(reading("a", ago(600)));
    let send = (_frame: object) => {};
    server.use(
      live.addEventListener("connection", ({ client }) => {
        send = (frame) => client.send(JSON.stringify(frame));
      }),
    );
    openApp(`/devices/${id}?view=table`);
    await latest();
    await screen.findByText("Live");
    await waitFor(() => expect(screen.getAllByRole("row")).toHaveLength(2));

    send({
      type: "reading",
      cursor: "c1",
      patient_id: PATIENT,
      reading: reading("b", ago(0), { readings: { blood_pressure: { systolic: 141, diastolic: 91, hr: 80 } } }),
    });

    await waitFor(async () => expect(await latest()).toHaveTextContent("141/91 mmHg"));
    expect(screen.getAllByRole("row")).toHaveLength(3);
    expect(within(screen.getAllByRole("row")[1] as HTMLElement).getByText("141/91 mmHg")).toBeInTheDocument();
  });

  test("what came in more than one way says from where else and when", async () => {
    const [at, later] = [ago(60), ago(59.5)];
    const cloud = connection({ id: "0190f3a0-0000-7000-8000-0000000000c2", name: "Withings" });
    const asked = vi.fn();
    server.use(
      http.get(api("/api/v1/device-connections"), () => HttpResponse.json({ items: [connection(), cloud], next_cursor: null })),
      http.get(api("/api/v1/patients/:id/data"), ({ request }) => {
        asked(new URL(request.url).searchParams.get("metric"));
        const copy = { id: "a", device_connection_id: id, timestamp: at, why: [] };
        return HttpResponse.json({ resolution: "raw", items: [reading("w", later, { device_connection_id: cloud.id, also: [copy] })], next_cursor: null });
      }),
    );
    history(reading("a", at), reading("b", ago(600)));
    openApp(`/devices/${id}?view=table`);

    await waitFor(async () => expect(await latest()).toHaveTextContent(/also received from Withings \((to|yester)day /));
    await waitFor(() => expect(screen.getAllByRole("row")[1]).toHaveTextContent(/Notealso received from Withings/));
    expect(screen.getAllByRole("row")[2]).not.toHaveTextContent("also");
    expect(asked).toHaveBeenCalledWith("blood_pressure");
  });

  test("a row of the table has every value with its name, for eyes and for a screen reader alike", async () => {
    history(reading("a", ago(60)));
    openApp(`/devices/${id}?view=table`);

    const region = await screen.findByRole("region", { name: "Blood pressure readings, newest first" });
    expect(region).toHaveAttribute("tabindex", "0");
    const heads = within(region).getAllByRole("columnheader").map((head) => head.textContent);
    expect(heads).toEqual(["Time", "Blood pressure", "Pulse"]);
    const cells = within(region).getAllByRole("cell");
    expect(cells.map((cell) => cell.textContent)).toEqual(["Blood pressure128/84 mmHg", "Pulse72 bpm"]);
    for (const cell of cells) expect(cell.firstElementChild).toHaveAttribute("aria-hidden", "true");
  });

  test("keys move through the chart and each value is spoken", async () => {
    history(reading("b", ago(30)), reading("a", ago(60), { readings: { blood_pressure: { systolic: 118, diastolic: 76 } } }));
    openApp(`/devices/${id}`);
    const chart = await screen.findByRole("slider");
    chart.focus();

    await userEvent.keyboard("{End}");
    expect(chart).toHaveAttribute("aria-valuetext", expect.stringContaining("128/84 mmHg, Pulse 72 bpm"));
    await userEvent.keyboard("{ArrowLeft}");
    expect(chart).toHaveAttribute("aria-valuetext", expect.stringContaining("118/76 mmHg"));
  });

  test("range and view are in the address", async () => {
    history(reading("a", ago(60)));
    const { router } = openApp(`/devices/${id}`);
    await userEvent.click(await screen.findByRole("radio", { name: "30 days" }));
    await userEvent.click(await screen.findByRole("radio", { name: "Table" }));

    await waitFor(() => expect(router.state.location.search).toEqual({ range: "30d", view: "table" }));
    expect(screen.getByRole("link", { name: "Download as CSV" })).toHaveAttribute("href", expect.stringContaining(`/api/v1/device-data/${id}/export?format=csv&from=`));
  });

  test("what is doubtful is said beside the value", async () => {
    history(
      reading("a", ago(60), {
        meta: { recording_method: "manual", ambiguous_user: true },
        readings: { blood_pressure: { systolic: 128, diastolic: 84 }, irregular_heartbeat: true },
      }),
    );
    openApp(`/devices/${id}`);

    const card = await latest();
    await waitFor(() => expect(card).toHaveTextContent("entered by hand"));
    expect(card).toHaveTextContent("may be someone else");
    expect(card).toHaveTextContent("Irregular heartbeat noticed by the device");
  });

  test("a month of a sensor is asked slice by slice, each value of it, and a part can be looked at closer", async () => {
    const slices: [string | null, string | null][] = [];
    server.use(
      http.get(api("/api/v1/device-connections"), () =>
        HttpResponse.json({ items: [connection({ device_type: "cgm", consent: { id: "d", version: "1", data_kinds: ["glucose"] } })], next_cursor: null }),
      ),
      http.get(api("/api/v1/device-data/:id"), ({ request }) => {
        const asked = new URL(request.url).searchParams;
        if (!asked.has("metric")) return HttpResponse.json({ items: [], next_cursor: null, resolution: "raw" });
        const begin = Date.parse(asked.get("from") ?? "");
        const isAll = !asked.has("to") && Date.now() - begin > 4 * 86_400_000;
        if (isAll) return HttpResponse.json({ items: [], next_cursor: "more", resolution: "raw" });
        slices.push([asked.get("from"), asked.get("to")]);
        const items = Array.from({ length: 60 }, (_, n) =>
          reading(`${begin}-${n}`, new Date(begin + (n + 1) * 300_000).toISOString(), { readings: { glucose_mg_dL: 90 + n } }),
        );
        return HttpResponse.json({ items, next_cursor: null, resolution: "raw" });
      }),
    );
    openApp(`/devices/${id}?range=30d`);

    expect((await screen.findAllByText("600 values in 30 days, between 90 and 149 mg/dL."))[0]).toBeInTheDocument();
    const parts = slices.slice(0, 10);
    expect(parts.slice(1).map(([from]) => from)).toEqual(parts.slice(0, -1).map(([, to]) => to));
    expect(parts.at(-1)?.[1]).toBeNull();

    const [earlier, , closer, wider] = await within(await screen.findByRole("group", { name: "Part of the time shown" })).findAllByRole("button");
    expect(wider).toBeDisabled();
    await userEvent.click(closer!);
    expect(wider).toBeEnabled();
    await userEvent.click(earlier!);
    await userEvent.click(wider!);
    expect(wider).toBeDisabled();
  });

  test("what is too much for that is asked as rollups", async () => {
    const asked = vi.fn();
    server.use(
      http.get(api("/api/v1/device-connections"), () =>
        HttpResponse.json({ items: [connection({ device_type: "cgm", consent: { id: "d", version: "1", data_kinds: ["glucose"] } })], next_cursor: null }),
      ),
      http.get(api("/api/v1/device-data/:id"), ({ request }) => {
        const { metric, resolution } = Object.fromEntries(new URL(request.url).searchParams);
        if (resolution === "raw") return HttpResponse.json({ items: [], next_cursor: metric ? "more" : null, resolution: "raw" });
        asked(metric, resolution);
        return HttpResponse.json({ resolution: "1h", points: [{ t: ago(120), min: 90, max: 140, mean: 110, count: 12 }] });
      }),
    );
    openApp(`/devices/${id}?range=30d&view=table`);

    expect(await screen.findByText("110 mg/dL")).toBeInTheDocument();
    expect(asked).toHaveBeenCalledWith("glucose_mg_dL", "auto");
  });

  test("LOW and HIGH are said as such, never as numbers", async () => {
    server.use(
      http.get(api("/api/v1/device-connections"), () =>
        HttpResponse.json({ items: [connection({ device_type: "cgm", consent: { id: "d", version: "1", data_kinds: ["glucose"] } })], next_cursor: null }),
      ),
    );
    history(
      reading("c", ago(5), { readings: { glucose_mg_dL: 39, glucose_out_of_range: "low" } }),
      reading("b", ago(10), { readings: { glucose_mg_dL: 82, glucose_trend: "forty_five_down" } }),
    );
    openApp(`/devices/${id}?range=24h`);

    expect(await latest()).toHaveTextContent("LOW");
    expect((await screen.findAllByText("One value in 24 hours: 82 mg/dL. Outside what the sensor can measure: once LOW."))[0]).toBeInTheDocument();
    expect(screen.getByText("LOW ▼: too low for the sensor to measure")).toBeInTheDocument();
    const chart = await screen.findByRole("slider");
    chart.focus();
    await userEvent.keyboard("{End}");
    expect(chart).toHaveAttribute("aria-valuetext", expect.stringMatching(/: LOW$/));
    await userEvent.keyboard("{ArrowLeft}");
    expect(chart).toHaveAttribute("aria-valuetext", expect.stringMatching(/: 82 mg\/dL, falling ↘$/));
  });

  test("how much glucose was in range is told in words, as the platform counts it", async () => {
    const band = (name: string, low: number | null, high: number | null, count: number, share: number) => ({ name, low, high, count, share_pct: share });
    server.use(
      http.get(api("/api/v1/device-connections"), () =>
        HttpResponse.json({ items: [connection({ device_type: "cgm", consent: { id: "d", version: "1", data_kinds: ["glucose"] } })], next_cursor: null }),
      ),
      http.get(api("/api/v1/me"), () => HttpResponse.json(me({ units: { glucose: "mmol/L", weight: "kg", temperature: "C" } }))),
      http.get(api("/api/v1/device-data/:id/glucose-ranges"), () =>
        HttpResponse.json({
          count: 1000,
          bands: [band("very_low", null, 54, 2, 0.2), band("low", 54, 70, 38, 3.8), band("in_range", 70, 180, 710, 71), band("high", 180, 250, 250, 25), band("very_high", 250, null, 0, 0)],
        }),
      ),
    );
    history(reading("b", ago(10), { readings: { glucose_mg_dL: 82 } }));
    openApp(`/devices/${id}?range=24h`);

    const part = within(await screen.findByRole("region", { name: "How much was in range" }));
    expect(part.getByText("71% of 1,000 values in 24 hours were in range: 3.9 to 10.0 mmol/L.")).toBeInTheDocument();
    expect(part.getByText("Very low, under 3.0 mmol/L").nextSibling).toHaveTextContent("under 1%");
    expect(part.getByText("Very high, over 13.9 mmol/L").nextSibling).toHaveTextContent("0%");
  });

  describe("the usual day of a sensor", () => {
    const hours = Array.from({ length: 24 }, (_, hour) => ({ hour, count: 300, p5: 70 + hour, p25: 90 + hour, p50: 110 + hour, p75: 130 + hour, p95: 160 + hour }));
    const pattern = { days: 30, days_wanted: 14, captured_pct: 96, captured_wanted_pct: 70, count: 8000, mean: 121.5, gmi_pct: 6.216, cv_pct: 31.4, hours };
    const show = (answer: object, range: string) => {
      server.use(
        http.get(api("/api/v1/device-connections"), () =>
          HttpResponse.json({ items: [connection({ device_type: "cgm", consent: { id: "d", version: "1", data_kinds: ["glucose"] } })], next_cursor: null }),
        ),
        http.get(api("/api/v1/device-data/:id/glucose-pattern"), () => HttpResponse.json({ ...pattern, ...answer })),
      );
      history(reading("b", ago(10), { readings: { glucose_mg_dL: 82 } }));
      openApp(`/devices/${id}?range=${range}`);
    };

    test("is told in words, in figures and as a table", async () => {
      show({}, "30d");

      const part = within(await screen.findByRole("region", { name: "Your usual day" }));
      expect(await part.findByText("Over a usual day the middle of your values goes from 110 mg/dL at about 00:00 to 133 mg/dL at about 23:00.")).toBeInTheDocument();
      expect(part.getByText("Glucose management indicator").nextSibling).toHaveTextContent("6.2%");
      expect(part.getByText("How much it varies").nextSibling).toHaveTextContent("31%");
      expect(within(part.getByRole("row", { name: /^06:00/ })).getAllByRole("cell").map((cell) => cell.textContent)).toEqual(["76", "96", "116", "136", "166"]);
    });

    test.each([
      [{ days: 9, hours: [] }, "Your usual day shows after 14 days with values: 9 of 14 days so far."],
      [{ captured_pct: 52, hours: [] }, "Your sensor told values for 52% of this time. Your usual day shows from 70% on."],
    ])("says what is still missing: %o", async (answer, text) => {
      show(answer, "30d");

      expect(await screen.findByText(text)).toBeInTheDocument();
    });

    test("is not asked of a meter's few values, nor of few days", async () => {
      show({ captured_pct: 4, hours: [] }, "30d");
      await userEvent.click(await screen.findByRole("radio", { name: "7 days" }));

      await waitFor(() => expect(screen.getByRole("radio", { name: "7 days" })).toBeChecked());
      await screen.findAllByText(/in 7 days/);
      expect(screen.queryByRole("region", { name: "Your usual day" })).not.toBeInTheDocument();
    });
  });

  test("several pressures of an interval are two ranges, in the chart's words and in the table", async () => {
    const points = { "blood_pressure.systolic": [96, 143, 120], "blood_pressure.diastolic": [56, 92, 75], "blood_pressure.hr": [60, 81, 70] };
    const t = ago(3000);
    server.use(
      http.get(api("/api/v1/device-data/:id"), ({ request }) => {
        const { metric = "", resolution } = Object.fromEntries(new URL(request.url).searchParams);
        if (resolution === "raw") return HttpResponse.json({ items: [], next_cursor: "more", resolution: "raw" });
        const [min, max, mean] = points[metric as keyof typeof points];
        return HttpResponse.json({ resolution: "1d", points: [{ t, min, max, mean, count: 5 }] });
      }),
    );
    openApp(`/devices/${id}?range=90d`);
    const chart = await screen.findByRole("slider");
    chart.focus();
    await userEvent.keyboard("{End}");

    expect(chart).toHaveAttribute("aria-valuetext", expect.stringMatching(/: 5 measurements: upper values 96 to 143, lower values 56 to 92 mmHg, 120\/75 mmHg on average$/));

    await userEvent.click(screen.getByRole("radio", { name: "Table" }));
    const cells = within((await screen.findAllByRole("row"))[1] as HTMLElement).getAllByRole("cell");
    expect(cells.map((cell) => cell.lastChild?.textContent)).toEqual(["96 to 143 mmHg", "56 to 92 mmHg", "120/75 mmHg", "60 to 81 bpm", "5"]);
  });

  test("a unit changes values and text together", async () => {
    history(reading("a", ago(5), { readings: { weight_kg: 78.4 } }));
    server.use(
      http.get(api("/api/v1/me"), () => HttpResponse.json(me({ units: { glucose: "mg/dL", weight: "lb", temperature: "C" } }))),
      http.get(api("/api/v1/device-connections"), () =>
        HttpResponse.json({ items: [connection({ device_type: "scale", consent: { id: "d", version: "1", data_kinds: ["weight"] } })], next_cursor: null }),
      ),
    );
    openApp(`/devices/${id}`);

    expect(await latest()).toHaveTextContent("172.8 lb");
    expect((await screen.findAllByText("One value in 7 days: 172.8 lb."))[0]).toBeInTheDocument();
  });
});

describe("its unhappy states", () => {
  test("no reading yet", async () => {
    openApp(`/devices/${id}`);

    expect(await screen.findByText("No blood pressure readings in these 7 days.")).toBeInTheDocument();
  });

  test("the chart alone may fail", async () => {
    history(reading("a", ago(5)));
    server.use(
      http.get(api("/api/v1/device-data/:id"), ({ request }) =>
        new URL(request.url).searchParams.has("from") ? problem(409, "conflict") : HttpResponse.json({ items: [], next_cursor: null, resolution: "raw" }),
      ),
    );
    openApp(`/devices/${id}`);

    expect(await screen.findByText("We can’t show the chart right now")).toBeInTheDocument();
    expect(await latest()).toHaveTextContent("128/84 mmHg");
    expect(screen.getByText("Connected")).toBeInTheDocument();
  });

  test("a silent device keeps its value with its age", async () => {
    history(reading("a", ago(480)));
    server.use(
      http.get(api("/api/v1/device-connections"), () =>
        HttpResponse.json({ items: [connection({ status: "disconnected", status_reason: "health_stale", last_reading_at: ago(480) })], next_cursor: null }),
      ),
    );
    openApp(`/devices/${id}`);

    expect(await latest()).toHaveTextContent("128/84 mmHg");
    expect(await latest()).toHaveTextContent("8 hours ago");
    expect(screen.getByText(/No reading has come for longer than usual/)).toBeInTheDocument();
  });

  test("one that is not there and one that is not yours look the same", async () => {
    server.use(http.get(api("/api/v1/device-connections/:id"), () => problem(404, "not_found")));
    openApp("/devices/0190f3a0-0000-7000-8000-00000000ffff");

    expect(await screen.findByRole("heading", { name: "This device is not here" })).toBeInTheDocument();
  });

  test("removing says first what follows", async () => {
    const removed = vi.fn();
    server.use(
      http.delete(api("/api/v1/device-connections/:id"), ({ params }) => {
        removed(params.id);
        return new HttpResponse(null, { status: 204 });
      }),
    );
    openApp(`/devices/${id}`);
    await userEvent.click(await screen.findByRole("button", { name: "Remove device" }));
    const dialog = await screen.findByRole("alertdialog", { name: "Remove Kitchen cuff?" });
    expect(dialog).toHaveTextContent("People you shared its readings with no longer see them");
    expect(within(dialog).getByRole("button", { name: "Keep it" })).toHaveFocus();
    await userEvent.click(within(dialog).getByRole("button", { name: "Remove it" }));

    expect(await screen.findByRole("heading", { name: "Your devices" })).toBeInTheDocument();
    expect(removed).toHaveBeenCalledExactlyOnceWith(id);
  });

  test("there is no made-up measurement outside development", async () => {
    server.use(http.get(api("/api/v1/me"), () => HttpResponse.json(me({ env: "production" }))));
    openApp(`/devices/${id}`);

    await screen.findByRole("heading", { name: "Kitchen cuff" });
    expect(screen.queryByRole("button", { name: "Take a simulated measurement" })).toBeNull();
  });
});
