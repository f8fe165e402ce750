import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ReadingItem } from "~/lib/api-types";
import { connection, me, PATIENT, reading } from "~/testing/fixtures";
import { openApp } from "~/testing/render-app";
import { api, live, problem, server } from "~/testing/server";

const { id: scale } = connection();
const doubtful = (id: string, weight: number): ReadingItem =>
  reading(id, new Date(Date.now() - weight * 60_000).toISOString(), { readings: { weight_kg: weight }, meta: { ambiguous_user: true } });

/** The platform's own inbox: what is said of a reading takes it out. */
function inbox(...items: ReadingItem[]) {
  const waiting = new Map(items.map((item) => [item.id, item]));
  const said = vi.fn();
  server.use(
    http.get(api("/api/v1/device-connections"), () => HttpResponse.json({ items: [connection({ name: "Bathroom scale", device_type: "scale", consent: { id: "d", version: "1", data_kinds: ["weight"] } })], next_cursor: null })),
    http.get(api("/api/v1/patients/:id/ambiguous"), () => HttpResponse.json({ items: [...waiting.values()], next_cursor: null })),
    http.post(api("/api/v1/patients/:id/ambiguous/:reading"), async ({ request, params }) => {
      const { assign } = (await request.json()) as { assign: string };
      said(params.reading, assign);
      if (!waiting.delete(String(params.reading))) return problem(404, "not_found");
      return HttpResponse.json({ id: params.reading, assign });
    }),
  );
  return { waiting, said };
}

const rows = () => screen.findAllByRole("listitem").then((all) => all.filter((row) => /kg/.test(row.textContent ?? "")));

beforeEach(() => {
  vi.useFakeTimers({ shouldAdvanceTime: true, toFake: ["setTimeout", "clearTimeout"] });
});
afterEach(() => {
  vi.useRealTimers();
});
const user = userEvent.setup({ advanceTimers: (ms) => vi.advanceTimersByTime(ms) });

test("each reading has its value, time and device, and what waiting means", async () => {
  inbox(doubtful("a", 64), doubtful("b", 80));
  openApp("/devices/whose");

  expect(await screen.findByRole("heading", { name: "Whose reading is this?" })).toBeInTheDocument();
  expect(await screen.findByText(/left out of your charts and alerts until you decide/)).toBeInTheDocument();
  const [first, second] = await rows();
  expect(first).toHaveTextContent("64.0 kg");
  await waitFor(() => expect(first).toHaveTextContent("from Bathroom scale"));
  expect(second).toHaveTextContent("80.0 kg");
});

test("one tap answers; it is said when the time to undo is over", async () => {
  const { said } = inbox(doubtful("a", 64), doubtful("b", 80));
  openApp("/devices/whose");
  const [first, second] = await rows();

  await user.click(within(first!).getByRole("button", { name: /^It was me: 64.0 kg/ }));
  expect(first).toHaveTextContent("Yours. It will count in your charts and alerts.");
  expect(within(first!).getByRole("button", { name: /^Undo/ })).toHaveFocus();
  await user.click(within(second!).getByRole("button", { name: /^Not me/ }));
  expect(said).not.toHaveBeenCalled();

  vi.advanceTimersByTime(20_000);
  await waitFor(() => expect(first).toHaveTextContent("Yours. It counts now."));
  expect(said.mock.calls).toEqual([["a", "me"], ["b", "not_me"]]);
  await waitFor(() => expect(second).toHaveTextContent("Not yours. It is left out for good."));
  expect(within(first!).queryAllByRole("button")).toEqual([]);
});

test("an answer that is taken back was never said", async () => {
  const { said } = inbox(doubtful("a", 64));
  openApp("/devices/whose");
  const [row] = await rows();
  await user.click(within(row!).getByRole("button", { name: /^Not me/ }));
  await user.click(within(row!).getByRole("button", { name: /^Undo/ }));

  expect(within(row!).getByRole("button", { name: /^It was me/ })).toHaveFocus();
  vi.advanceTimersByTime(60_000);
  expect(said).not.toHaveBeenCalled();
});

test("leaving the page says what was answered", async () => {
  const { said } = inbox(doubtful("a", 64));
  openApp("/devices/whose");
  const [row] = await rows();
  await user.click(within(row!).getByRole("button", { name: /^It was me/ }));
  await user.click(within(screen.getByRole("main")).getByRole("link", { name: "Devices" }));

  await waitFor(() => expect(said).toHaveBeenCalledExactlyOnceWith("a", "me"));
});

test("closing the page says it too, and once", async () => {
  const { said } = inbox(doubtful("a", 64));
  openApp("/devices/whose");
  const [row] = await rows();
  await user.click(within(row!).getByRole("button", { name: /^It was me/ }));
  dispatchEvent(new Event("pagehide"));
  vi.advanceTimersByTime(20_000);

  await waitFor(() => expect(row).toHaveTextContent("Yours. It counts now."));
  expect(said).toHaveBeenCalledOnce();
});

test("what could not be said waits as before, with the reason", async () => {
  inbox(doubtful("a", 64));
  server.use(http.post(api("/api/v1/patients/:id/ambiguous/:reading"), () => problem(503, "unavailable")));
  openApp("/devices/whose");
  const [row] = await rows();
  await user.click(within(row!).getByRole("button", { name: /^It was me/ }));
  vi.advanceTimersByTime(20_000);

  expect(await within(row!).findByRole("alert")).toHaveTextContent("Your answer was not saved. The reading still waits. Device Connect is busy for a moment.");
  expect(within(row!).getByRole("button", { name: /^Not me/ })).toBeEnabled();
});

test("what somebody else said first is said already", async () => {
  const { waiting } = inbox(doubtful("a", 64));
  openApp("/devices/whose");
  const [row] = await rows();
  waiting.clear();
  await user.click(within(row!).getByRole("button", { name: /^Not me/ }));
  vi.advanceTimersByTime(20_000);

  await waitFor(() => expect(row).toHaveTextContent("Not yours. It is left out for good."));
});

test("one that comes in appears by itself", async () => {
  const { waiting } = inbox();
  let send = (_frame: object) => {};
  server.use(
    live.addEventListener("connection", ({ client }) => {
      send = (frame) => client.send(JSON.stringify(frame));
    }),
  );
  openApp("/devices/whose");
  expect(await screen.findByText("Nothing to decide")).toBeInTheDocument();
  await screen.findByText("Live");
  const item = doubtful("a", 64);
  waiting.set("a", item);
  send({ type: "reading", cursor: "c1", patient_id: PATIENT, reading: item });

  expect((await rows())[0]).toHaveTextContent("64.0 kg");
});

test("a list that cannot be had says so and can be asked again", async () => {
  const { said } = inbox(doubtful("a", 64));
  const broken = vi.fn(() => true);
  server.use(http.get(api("/api/v1/patients/:id/ambiguous"), () => (broken() ? problem(409, "conflict") : undefined)));
  openApp("/devices/whose");

  expect(await screen.findByRole("alert")).toHaveTextContent("We can’t show these readings right now");
  broken.mockReturnValue(false);
  await user.click(screen.getByRole("button", { name: "Try again" }));
  expect(await rows()).toHaveLength(1);
  expect(said).not.toHaveBeenCalled();
});

test("offline the answers wait", async () => {
  inbox(doubtful("a", 64));
  const online = vi.spyOn(navigator, "onLine", "get").mockReturnValue(false);
  openApp("/devices/whose");

  expect(await screen.findByText("You are offline. You can answer when you are back.")).toBeInTheDocument();
  expect(screen.getByRole("button", { name: /^It was me/ })).toBeDisabled();
  online.mockReturnValue(true);
  dispatchEvent(new Event("online"));
  await waitFor(() => expect(screen.getByRole("button", { name: /^It was me/ })).toBeEnabled());
});

test("who has no record of their own is told who can say it", async () => {
  server.use(http.get(api("/api/v1/me"), () => HttpResponse.json(me({ patient_id: null, roles: ["caregiver"] }))));
  openApp("/devices/whose");

  expect(await screen.findByText("Only the person can say this")).toBeInTheDocument();
});

test("a device's page says how many of its readings wait, and its chart leaves them out", async () => {
  inbox(doubtful("a", 64), { ...doubtful("b", 80), device_connection_id: "another" });
  const known = reading("k", new Date(Date.now() - 60_000).toISOString(), { readings: { weight_kg: 78 }, meta: {} });
  server.use(http.get(api("/api/v1/device-data/:id"), () => HttpResponse.json({ items: [known, doubtful("a", 64)], next_cursor: null, resolution: "raw" })));
  openApp(`/devices/${scale}`);

  expect(await screen.findByText("One reading of this device may be someone else’s.")).toBeInTheDocument();
  expect(screen.getByRole("link", { name: "Say whose they are" })).toHaveAttribute("href", "/devices/whose");
  expect((await screen.findAllByText("One value in 7 days: 78.0 kg."))[0]).toBeInTheDocument();
});
