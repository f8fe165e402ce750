import "fake-indexeddb/auto";
import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { delay, http, HttpResponse } from "msw";
import { describe, expect, test, vi } from "vitest";
import type { Connection, SyncJob } from "~/lib/api-types";
import { UploadMemory } from "~/lib/uploads/memory";
import { connection, integration, job, me } from "~/testing/fixtures";
import { openApp } from "~/testing/render-app";
import { api, problem, server } from "~/testing/server";

const STORE = "http://store.example/quarantine/u-1";
const PAGE = "/integrations/import";
const watch = connection({ id: "0190f3a0-0000-7000-8000-0000000000c2", name: "My watch", pairing_method: "healthkit", hub_id: null, device_type: "smart_watch" });
const UPLOAD = "0190f3a0-0000-7000-8000-0000000000e9";
let count = 0;

/** Each has its own content: what one test sent is remembered in this browser. */
const zip = () => new File([`PK\u0003\u0004 export ${(count += 1)}`], "export.zip", { type: "application/x-zip-compressed" });

function devices(...items: Connection[]) {
  server.use(http.get(api("/api/v1/device-connections"), () => HttpResponse.json({ items, next_cursor: null })));
}

/** The platform and its object store. `reading` is how far it is with the file, or nothing while it has not begun. */
function platform(reading: () => SyncJob | null = () => reads({ state: "done", accepted: 3 })) {
  const seen = { presigned: vi.fn(), put: vi.fn() };
  devices(watch);
  server.use(
    http.post(api("/api/v1/uploads/presign"), async ({ request }) => {
      seen.presigned(await request.json());
      return HttpResponse.json(
        { upload_id: UPLOAD, url: STORE, headers: { "Content-Type": "application/zip" }, object_url: "s3://x", expires_at: new Date(Date.now() + 300_000).toISOString() },
        { status: 201 },
      );
    }),
    http.put(STORE, async ({ request }) => {
      seen.put(await request.text());
      return new HttpResponse(null);
    }),
    http.post(api("/api/v1/uploads/:id/complete"), () => HttpResponse.json({ object_url: "s3://x" })),
    http.get(api("/api/v1/device/sync/:id"), ({ params }) => {
      const now = params.id === UPLOAD ? reading() : null;
      return now ? HttpResponse.json(now) : problem(404, "not_found");
    }),
  );
  return seen;
}

const reads = (change: Partial<SyncJob>) => job({ job_id: UPLOAD, device_connection_id: watch.id, done: 50, total: 100, accepted: 0, ...change });
const choose = async (file: File) => {
  await screen.findByRole("button", { name: "Choose the file" });
  // As a person does by the button: it opens the browser's own window, which fills the field.
  await userEvent.upload(document.querySelector<HTMLInputElement>("input[type=file]")!, file, { applyAccept: false });
};
const press = async (name: string) => userEvent.click(await screen.findByRole("button", { name }));

describe("the way there", () => {
  const apple = integration({ vendor: "healthkit", name: "Apple Health", status: "on_device", pairing_method: "healthkit" });
  const answer = () => server.use(http.get(api("/api/v1/integrations"), () => HttpResponse.json({ items: [apple, integration()], next_cursor: null })));

  test("stands at Apple Health when a device comes through it", async () => {
    answer();
    platform();
    openApp("/integrations");

    await userEvent.click(await within(await screen.findByRole("article", { name: "Apple Health" })).findByRole("link", { name: "Bring in your whole history" }));
    expect(await screen.findByRole("heading", { level: 1, name: "Bring in your whole history" })).toHaveFocus();
    expect(screen.getByRole("link", { name: "Apps and accounts" })).toHaveAttribute("href", "/integrations");
  });

  test("is not there before, and its address says what is missing", async () => {
    answer();
    devices(connection(), { ...watch, status: "revoked" });
    openApp("/integrations");
    await screen.findByRole("article", { name: "Apple Health" });
    expect(screen.queryByRole("link", { name: "Bring in your whole history" })).toBeNull();
  });
});

describe("before a file is chosen", () => {
  test("the page says how to get it, and what will happen with it", async () => {
    platform();
    openApp(PAGE);

    const steps = await screen.findAllByRole("listitem");
    expect(steps.map((one) => one.textContent).join(" ")).toContain("tap your picture at the top");
    expect(screen.getByText(/Only what you agreed to share from My watch is kept/)).toBeInTheDocument();
    expect(screen.queryByRole("combobox")).toBeNull();
  });

  test("without Apple Health it shows the way to connect it", async () => {
    devices(connection());
    openApp(PAGE);

    expect(await screen.findByText("Apple Health is not connected yet")).toBeInTheDocument();
    expect(screen.getByRole("link", { name: "Connect Apple Health" })).toHaveAttribute("href", "/pair");
  });

  test("of several devices the person chooses one", async () => {
    const { presigned } = platform();
    devices(watch, { ...watch, id: connection().id, name: "Old watch", created_at: "2020-01-01T00:00:00Z" });
    openApp(PAGE);

    await userEvent.selectOptions(await screen.findByRole("combobox", { name: "Whose history is it?" }), "Old watch");
    await choose(zip());
    await waitFor(() => expect(presigned).toHaveBeenCalledWith(expect.objectContaining({ device_connection_id: connection().id })));
  });

  test("a caregiver is told whose page this is", async () => {
    server.use(http.get(api("/api/v1/me"), () => HttpResponse.json(me({ patient_id: null, roles: ["caregiver"] }))));
    openApp(PAGE);

    expect(await screen.findByText(/Only the person whose readings these are/)).toBeInTheDocument();
  });

  test("loading holds the place, and an error can be tried again", async () => {
    server.use(http.get(api("/api/v1/device-connections"), () => delay("infinite"), { once: true }));
    const first = openApp(PAGE);
    expect(await screen.findByText("Loading")).toBeInTheDocument();
    first.unmount();

    server.use(http.get(api("/api/v1/device-connections"), () => problem(500, "internal")));
    openApp(PAGE);
    expect(await screen.findByRole("alert", {}, { timeout: 20_000 })).toHaveTextContent("We can’t show your devices right now");
    platform();
    await press("Try again");
    await screen.findByRole("button", { name: "Choose the file" });
  });

  test("offline nothing can be chosen", async () => {
    vi.spyOn(navigator, "onLine", "get").mockReturnValue(false);
    const { presigned } = platform();
    openApp(PAGE);

    expect(await screen.findByRole("button", { name: "Choose the file" })).toBeDisabled();
    expect(screen.getByText("You are offline. Connect to the internet to send a file.")).toBeInTheDocument();
    fireEvent.drop(document.body, { dataTransfer: { files: [zip()] } });
    expect(presigned).not.toHaveBeenCalled();
  });
});

describe("a file", () => {
  test("is checked, sent and read, and the page ends with what came and the way to it", async () => {
    let now: SyncJob | null = null;
    const { presigned, put } = platform(() => now);
    openApp(PAGE);
    const file = zip();
    await choose(file);

    await waitFor(() => expect(location.search).toBe(`?job=${UPLOAD}`));
    expect(presigned).toHaveBeenCalledExactlyOnceWith({
      device_connection_id: watch.id,
      kind: "apple_export",
      content_type: "application/zip",
      size: file.size,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    });
    expect(put).toHaveBeenCalledExactlyOnceWith(await new Response(await file.arrayBuffer()).text());

    now = reads({ state: "running", accepted: 40 });
    expect(await screen.findByRole("progressbar", { name: "Reading the file" })).toHaveAttribute("aria-valuenow", "50");
    expect(screen.getByText(/40 readings so far/)).toBeInTheDocument();
    expect(screen.getByText("Reading the file: 50% done")).toBeInTheDocument();

    now = reads({ state: "done", done: 100, accepted: 1234, duplicates: 12, rejected: 3, errors: [{ class: "refused", code: "out_of_bounds" }] });
    const end = (await screen.findByText("Your history is here")).closest<HTMLElement>("[role=status]")!;
    expect(end).toHaveTextContent("1,234 readings brought in");
    expect(end).toHaveTextContent("12 were here already");
    expect(end).toHaveTextContent("3 could not be kept:Some values are outside what is possible.");
    expect(within(end).getByRole("link", { name: "See readings of My watch" })).toHaveAttribute("href", `/devices/${watch.id}`);

    await press("Bring in another file");
    await screen.findByRole("button", { name: "Choose the file" });
    expect(location.search).toBe("");
  });

  test("may be dropped anywhere on the page", async () => {
    const { put } = platform();
    openApp(PAGE);
    await screen.findByRole("button", { name: "Choose the file" });

    fireEvent.dragOver(document.body);
    expect(await screen.findByText("Let go to choose this file")).toBeInTheDocument();
    fireEvent.drop(document.body, { dataTransfer: { files: [zip()] } });
    await screen.findByText("Your history is here");
    expect(put).toHaveBeenCalledOnce();
  });

  test("that is something else is refused before anything is asked", async () => {
    const { presigned } = platform();
    openApp(PAGE);
    await choose(new File(["%PDF-1.7"], "export.zip"));

    expect(await screen.findByRole("alert")).toHaveTextContent("This is not an export of the Health app. Choose export.zip");
    expect(presigned).not.toHaveBeenCalled();
  });

  test("that is too large is refused before it is read", async () => {
    const { presigned } = platform();
    openApp(PAGE);
    await choose(Object.defineProperty(zip(), "size", { value: 4096 * 1024 * 1024 + 1 }));

    expect(await screen.findByRole("alert")).toHaveTextContent("larger than 4 GB");
    expect(presigned).not.toHaveBeenCalled();
  });

  test("can be stopped, and the same file goes on from where it was", async () => {
    const { presigned } = platform();
    server.use(http.put(STORE, () => delay("infinite"), { once: true }));
    openApp(PAGE);
    const file = zip();
    await choose(file);
    expect(await screen.findByText("Sending the file")).toBeInTheDocument();
    expect(screen.getByText(/signed out and it stops/)).toBeInTheDocument();
    await press("Stop");

    expect(await screen.findByText(/Stopped. Nothing was read./)).toBeInTheDocument();
    expect(screen.getByRole("button", { name: "Choose the file" })).toHaveFocus();
    await choose(file);
    await screen.findByText("Your history is here");
    expect(presigned).toHaveBeenCalledOnce();
  });

  test("that has arrived can no longer be stopped", async () => {
    platform();
    server.use(http.post(api("/api/v1/uploads/:id/complete"), () => delay("infinite")));
    openApp(PAGE);
    await choose(zip());

    await screen.findByRole("heading", { name: "Making sure that it arrived whole" });
    expect(screen.getByRole("button", { name: "Stop" })).toBeDisabled();
  });

  test("that arrives while its person leaves does not call them back", async () => {
    platform();
    let write = () => {};
    const written = new Promise<void>((resolve) => (write = resolve));
    const drop = vi.spyOn(UploadMemory.prototype, "drop").mockReturnValue(written);
    const { router } = openApp(PAGE);
    await choose(zip());
    await waitFor(() => expect(drop).toHaveBeenCalled());

    await userEvent.click(screen.getByRole("link", { name: "Apps and accounts" }));
    await screen.findByRole("heading", { level: 1, name: "Apps and accounts" });
    const went = vi.fn();
    router.subscribe("onBeforeNavigate", went);
    write();
    await written;
    await new Promise((resolve) => setTimeout(resolve));
    expect(went).not.toHaveBeenCalled();
    expect(location.pathname).toBe("/integrations");
  });

  test("that is compared for longer than a request lasts is no lost line", async () => {
    platform();
    server.use(http.post(api("/api/v1/uploads/:id/complete"), () => problem(503, "unavailable"), { once: true }));
    openApp(PAGE);
    await choose(zip());

    await screen.findByRole("heading", { name: "Making sure that it arrived whole" });
    await screen.findByText("Your history is here");
    expect(screen.queryByText(/The connection is lost/)).toBeNull();
  });

  test("whose line is lost says that it waits, and goes on", async () => {
    platform();
    server.use(http.put(STORE, () => HttpResponse.error(), { once: true }));
    openApp(PAGE);
    await choose(zip());

    expect(await screen.findByText("The connection is lost. We go on by ourselves when it is back.")).toBeInTheDocument();
    dispatchEvent(new Event("online"));
    await screen.findByText("Your history is here");
  });

  test.each([
    ["consent_revoked", 403, "You have stopped sharing from this device"],
    ["not_found", 404, "This device is not connected any more. Connect Apple Health again"],
    ["kind_not_supported", 422, "This device does not come through Apple Health."],
    ["payload_too_large", 413, "larger than we can read at once"],
    ["idempotency_mismatch", 409, "This was sent already with something else in it."],
  ])("that the platform refuses with %s is said in words", async (code, status, text) => {
    platform();
    server.use(http.post(api("/api/v1/uploads/presign"), () => problem(status, code)));
    openApp(PAGE);
    await choose(zip());

    const alert = await screen.findByRole("alert");
    expect(alert).toHaveTextContent("The file is not here yet");
    expect(alert).toHaveTextContent(text);
    expect(screen.getByRole("button", { name: "Choose the file" })).toBeEnabled();
  });
});

describe("an address that names a file", () => {
  test("shows how far it is after a reload", async () => {
    platform(() => reads({ state: "running", accepted: 7 }));
    openApp(`${PAGE}?job=${UPLOAD}`);

    expect(await screen.findByRole("progressbar", { name: "Reading the file" })).toBeInTheDocument();
    expect(screen.getByText(/7 readings so far/)).toBeInTheDocument();
    expect(screen.getByText(/You may close this page/)).toBeInTheDocument();
  });

  test("that waits to be read says so", async () => {
    platform(() => reads({ state: "queued", done: 0 }));
    openApp(`${PAGE}?job=${UPLOAD}`);

    expect(await screen.findByText("Your file is here. We begin to read it in a moment.")).toBeInTheDocument();
    expect(screen.queryByRole("progressbar")).toBeNull();
  });

  test.each([
    ["export_unknown", "This file is not an export of the Health app."],
    ["export_damaged", "The file is damaged."],
    ["consent_revoked", "You have stopped sharing from this device"],
    ["novel", "Something on our side did not work."],
  ])("of one that was given up for %s says why and what stays", async (code, text) => {
    platform(() => reads({ state: "failed", accepted: 5, errors: [{ class: "refused", code }] }));
    openApp(`${PAGE}?job=${UPLOAD}`);

    const alert = await screen.findByRole("alert");
    expect(alert).toHaveTextContent("The file was not read to its end");
    expect(alert).toHaveTextContent(text);
    expect(alert).toHaveTextContent("5 readings from it are here and stay.");
  });

  test("of one with nothing new says that", async () => {
    platform(() => reads({ state: "done", duplicates: 9 }));
    openApp(`${PAGE}?job=${UPLOAD}`);

    expect(await screen.findByText("There was nothing new in the file")).toBeInTheDocument();
    expect(screen.getByText("9 were here already")).toBeInTheDocument();
  });

  test("that is nobody's leads back to the choice", async () => {
    platform();
    openApp(`${PAGE}?job=0190f3a0-0000-7000-8000-0000000000ff`);
    // It is asked for some moments: a file that has just been sent is not known at once.
    expect(await screen.findByRole("alert", {}, { timeout: 20_000 })).toHaveTextContent("There is no such file");

    await press("Choose the file");
    expect(await screen.findByText("or drop it anywhere on this page")).toBeInTheDocument();
  });
});
