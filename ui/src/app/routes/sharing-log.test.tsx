import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { delay, http, HttpResponse } from "msw";
import { describe, expect, test, vi } from "vitest";
import type { AuditEvent } from "~/lib/api-types";
import { auditEvent, me, permission } from "~/testing/fixtures";
import { openApp } from "~/testing/render-app";
import { api, problem, server } from "~/testing/server";

const page = <T,>(items: T[], next: string | null = null) => HttpResponse.json({ items, next_cursor: next });
const CARER = permission().grantee;

function log(...rows: AuditEvent[]) {
  const asked: Record<string, string>[] = [];
  server.use(
    http.get(api("/api/v1/audit"), ({ request }) => {
      asked.push(Object.fromEntries(new URL(request.url).searchParams));
      return page(rows);
    }),
    http.get(api("/api/v1/audit/summary"), () =>
      HttpResponse.json({ people: [{ id: CARER, name: "caregiver-1", role: "caregiver", last_at: "2026-05-01T12:05:00Z" }], routine: 288 }),
    ),
  );
  return asked;
}

describe("who saw my data", () => {
  test("is told by day in sentences, with names and roles and never an id", async () => {
    log(auditEvent({ id: "2", at: "2026-05-01T12:10:00Z" }), auditEvent());
    openApp("/sharing/log");

    const day = await screen.findByRole("region", { name: "Friday, 1 May 2026" });
    expect(within(day).getByRole("heading", { name: "caregiver-1" })).toBeInTheDocument();
    expect(day).toHaveTextContent("Caregiver");
    expect(day).toHaveTextContent("Looked at your blood pressure from Kitchen cuff");
    expect(day).toHaveTextContent("2 times, 14:05 to 14:10");
    expect(document.body).not.toHaveTextContent(CARER);
  });

  test("asks for other people unless the address says otherwise, and keeps every choice in it", async () => {
    const asked = log(auditEvent());
    const { router } = openApp("/sharing/log");
    await screen.findByText(/Looked at your blood pressure/);
    expect(asked[0]).toMatchObject({ by: "others" });

    await userEvent.selectOptions(screen.getByLabelText("Who"), "caregiver-1 · Caregiver");
    await userEvent.selectOptions(await screen.findByLabelText("What"), "Took a copy");

    await waitFor(() => expect(router.state.location.search).toEqual({ who: CARER, what: "downloaded" }));
    await waitFor(() => expect(asked.at(-1)).toMatchObject({ actor_id: CARER, action: "data.export" }));
  });

  test("what devices did is one line", async () => {
    const asked = log(auditEvent());
    openApp("/sharing/log");

    expect(await screen.findByText(/did 288 routine jobs/)).toBeInTheDocument();
    await userEvent.click(screen.getByRole("button", { name: "Show them" }));
    await waitFor(() => expect(asked.at(-1)).toMatchObject({ by: "system" }));
  });

  test("emergency access stands out, with its reason; a refusal says so", async () => {
    log(
      auditEvent({ id: "2", action: "break_glass", reason: "found unconscious", data_kinds: [] }),
      auditEvent({ id: "1", outcome: "denied", data_kinds: [] }),
    );
    openApp("/sharing/log");

    expect(await screen.findByText("Reason given: found unconscious")).toBeInTheDocument();
    expect(screen.getAllByText("Emergency access").length).toBeGreaterThan(1);
    expect(screen.getByText("Refused")).toBeInTheDocument();
  });

  test("an unknown person: what they see, how to end it, what to tell support", async () => {
    log(auditEvent());
    const ended = vi.fn();
    server.use(
      http.get(api("/api/v1/permissions"), () => page([permission()])),
      http.delete(api("/api/v1/permissions/:id"), ({ params }) => {
        ended(params.id);
        return new HttpResponse(null, { status: 204 });
      }),
    );
    openApp("/sharing/log");
    await userEvent.click(await screen.findByRole("button", { name: "I don’t know this person: caregiver-1" }));

    const dialog = await screen.findByRole("dialog");
    expect(await within(dialog).findByText(/You share blood pressure with caregiver-1 since 1 May 2026/)).toBeInTheDocument();
    expect(dialog).toHaveTextContent(CARER);
    await userEvent.click(within(dialog).getByRole("button", { name: "Stop sharing with caregiver-1" }));

    expect(await within(dialog).findByText("caregiver-1 sees nothing of yours any more.")).toBeInTheDocument();
    expect(ended).toHaveBeenCalledExactlyOnceWith(permission().id);
  });

  test("earlier pages come on demand", async () => {
    server.use(
      http.get(api("/api/v1/audit"), ({ request }) =>
        new URL(request.url).searchParams.has("cursor")
          ? page([auditEvent({ id: "1", at: "2026-04-01T12:00:00Z" })])
          : page([auditEvent({ id: "2" })], "next"),
      ),
    );
    openApp("/sharing/log");
    await userEvent.click(await screen.findByRole("button", { name: "Show earlier" }));

    expect(await screen.findByRole("region", { name: "Wednesday, 1 April 2026" })).toBeInTheDocument();
    expect(screen.getByRole("region", { name: "Friday, 1 May 2026" })).toBeInTheDocument();
    expect(screen.getByText("This is the beginning of the log.")).toBeInTheDocument();
  });

  test("the file holds every row that fits, in sentences", async () => {
    const rows = [auditEvent({ id: "2", actor: { id: "x", name: "=cmd", role: "clinician" } }), auditEvent()];
    log(...rows);
    let file: Blob | undefined;
    URL.createObjectURL = (blob) => {
      file = blob as Blob;
      return "blob:x";
    };
    URL.revokeObjectURL = () => {};
    const click = vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(() => {});
    openApp("/sharing/log");
    await userEvent.click(await screen.findByRole("button", { name: "Download as CSV" }));

    await waitFor(() => expect(click).toHaveBeenCalledOnce());
    const text = await new Promise((done) => {
      const reader = new FileReader();
      reader.addEventListener("load", () => done(reader.result));
      reader.readAsText(file!);
    });
    expect(text).toContain("2026-05-01T12:05:00Z,'=cmd,Care team,Looked at your blood pressure from Kitchen cuff,,\r\n");
  });

  test("nobody looked; nothing fits; loading; error; offline; not yours", async () => {
    let { unmount } = openApp("/sharing/log");
    expect(await screen.findByText("No one but you has looked at your data.")).toBeInTheDocument();
    unmount();

    ({ unmount } = openApp("/sharing/log?what=emergency"));
    expect(await screen.findByText("No line fits what you chose.")).toBeInTheDocument();
    expect(screen.getByRole("link", { name: "Clear the filters" })).toHaveAttribute("href", "/sharing/log");
    unmount();

    server.use(http.get(api("/api/v1/audit"), () => problem(409, "conflict")));
    ({ unmount } = openApp("/sharing/log"));
    expect(await screen.findByText("We can’t show the log right now")).toBeInTheDocument();
    unmount();

    server.use(http.get(api("/api/v1/audit"), () => delay("infinite")));
    ({ unmount } = openApp("/sharing/log"));
    expect((await screen.findAllByText("Loading")).length).toBeGreaterThan(0);
    vi.spyOn(navigator, "onLine", "get").mockReturnValue(false);
    dispatchEvent(new Event("offline"));
    expect(await screen.findByText("Connect to the internet to see who looked.")).toBeInTheDocument();
    unmount();

    server.use(http.get(api("/api/v1/me"), () => HttpResponse.json(me({ patient_id: null, roles: ["clinician"] }))));
    openApp("/sharing/log");
    expect(await screen.findByText("This page is for the person whose data it is")).toBeInTheDocument();
  });
});
