import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { delay, http, HttpResponse } from "msw";
import { describe, expect, test, vi } from "vitest";
import type { Consent, Permission } from "~/lib/api-types";
import { connection, consent, consentText, me, permission } from "~/testing/fixtures";
import { openApp } from "~/testing/render-app";
import { api, problem, server } from "~/testing/server";

const page = <T,>(items: T[]) => HttpResponse.json({ items, next_cursor: null });
const button = (name: string | RegExp) => screen.findByRole("button", { name });

/** A platform that keeps what is granted. */
function granted(...given: Permission[]) {
  let all = given;
  const said = vi.fn();
  server.use(
    http.get(api("/api/v1/permissions"), ({ request }) => page(new URL(request.url).searchParams.has("received") ? [] : all)),
    http.post(api("/api/v1/permissions/grantees"), async ({ request }) => {
      const { grantee } = (await request.json()) as { grantee: string };
      if (grantee === "me") return problem(409, "conflict");
      if (grantee !== "caregiver-1") return problem(404, "not_found");
      return HttpResponse.json({ id: permission().grantee, display_name: "caregiver-1", role: "caregiver" });
    }),
    http.post(api("/api/v1/permissions"), async ({ request }) => {
      const body = (await request.json()) as object;
      said(body);
      all = [permission(body)];
      return HttpResponse.json(all[0], { status: 201 });
    }),
    http.patch(api("/api/v1/permissions/:id"), async ({ request }) => {
      const body = (await request.json()) as object;
      said(body);
      all = all.map((one) => ({ ...one, ...body }));
      return HttpResponse.json(all[0]);
    }),
    http.delete(api("/api/v1/permissions/:id"), ({ params }) => {
      said(params.id);
      all = all.filter((one) => one.id !== params.id);
      return new HttpResponse(null, { status: 204 });
    }),
  );
  return said;
}

describe("who can see your readings", () => {
  test("nobody: what sharing is, and the one next step", async () => {
    openApp("/sharing");

    expect(await screen.findByText("Only you see your readings")).toBeInTheDocument();
    expect(await button("Share with somebody")).toBeEnabled();
    expect(screen.getByRole("link", { name: /Who saw my data/ })).toHaveAttribute("href", "/sharing/log");
  });

  test("each with what, from which devices and until when", async () => {
    granted(permission({ until: "2099-12-12T23:00:00Z" }));
    openApp("/sharing");

    const people = await screen.findByRole("region", { name: "Who can see your readings" });
    expect(await within(people).findByRole("heading", { name: "caregiver-1" })).toBeInTheDocument();
    expect(people).toHaveTextContent("Caregiver");
    expect(within(people).getByRole("list", { name: "Sees" })).toHaveTextContent("Blood pressure");
    await waitFor(() => expect(people).toHaveTextContent("From Kitchen cuff"));
    expect(people).toHaveTextContent("Until the end of 12 December 2099");
  });

  test("somebody is seen by name before anything is shared, and nothing is chosen for the patient", async () => {
    const said = granted();
    openApp("/sharing");
    await userEvent.click(await button("Share with somebody"));
    await userEvent.type(await screen.findByLabelText("The name they sign in with"), "nobody");
    await userEvent.click(await button("Find"));
    expect(await screen.findByText(/We know nobody by this name/)).toBeInTheDocument();

    await userEvent.clear(screen.getByLabelText("The name they sign in with"));
    await userEvent.type(screen.getByLabelText("The name they sign in with"), "caregiver-1{Enter}");
    const dialog = await screen.findByRole("dialog", { name: "What may caregiver-1 see?" });
    expect(within(dialog).getAllByRole("switch").filter((one) => (one as HTMLInputElement).checked)).toEqual([]);
    await userEvent.click(within(dialog).getByRole("button", { name: "Share" }));
    expect(await within(dialog).findByText(/Switch on at least one kind/)).toBeInTheDocument();
    expect(said).not.toHaveBeenCalled();

    await userEvent.click(within(dialog).getByRole("switch", { name: /Blood pressure/ }));
    await userEvent.click(within(dialog).getByRole("button", { name: "Share" }));

    expect(await screen.findByText("caregiver-1 now sees blood pressure.")).toBeInTheDocument();
    expect(said).toHaveBeenCalledExactlyOnceWith({ grantee: permission().grantee, data_kinds: ["blood_pressure"] });
    expect(await button("Stop sharing with caregiver-1")).toBeInTheDocument();
  });

  test("the focus comes back to where it was, also from the second step, and has a place when that is gone", async () => {
    granted(permission());
    openApp("/sharing");
    await userEvent.click(await button("Share with somebody"));
    await userEvent.type(await screen.findByLabelText("The name they sign in with"), "caregiver-1{Enter}");
    await screen.findByRole("dialog", { name: "What may caregiver-1 see?" });
    await userEvent.keyboard("{Escape}");
    await waitFor(async () => expect(await button("Share with somebody")).toHaveFocus());

    await userEvent.click(await button("Stop sharing with caregiver-1"));
    await userEvent.click(within(await screen.findByRole("alertdialog")).getByRole("button", { name: "Stop sharing" }));
    await waitFor(() => expect(screen.getByRole("heading", { level: 1, name: "Sharing" })).toHaveFocus());
  });

  test("one cannot share with oneself, and is told so kindly", async () => {
    granted();
    openApp("/sharing");
    await userEvent.click(await button("Share with somebody"));
    await userEvent.type(await screen.findByLabelText("The name they sign in with"), "me{Enter}");

    expect(await screen.findByText("This is you. You see your readings already.")).toBeInTheDocument();
  });

  test("what somebody sees can be changed in place", async () => {
    const said = granted(permission({ data_kinds: ["blood_pressure", "weight"] }));
    openApp("/sharing");
    await userEvent.click(await button("Change what caregiver-1 sees"));
    const dialog = await screen.findByRole("dialog");
    await userEvent.click(within(dialog).getByRole("switch", { name: /Weight/ }));
    await userEvent.click(within(dialog).getByRole("button", { name: "Save" }));

    expect(await screen.findByText("Saved. caregiver-1 now sees blood pressure.")).toBeInTheDocument();
    expect(said).toHaveBeenCalledExactlyOnceWith({ data_kinds: ["blood_pressure"], until: null });
  });

  test("stopping says first what ends and what stays", async () => {
    const said = granted(permission());
    openApp("/sharing");
    await userEvent.click(await button("Stop sharing with caregiver-1"));
    const dialog = await screen.findByRole("alertdialog");
    expect(dialog).toHaveTextContent("caregiver-1 stops seeing your blood pressure at once");
    expect(dialog).toHaveTextContent("What stays");
    expect(within(dialog).getByRole("button", { name: "Keep sharing" })).toHaveFocus();
    expect(said).not.toHaveBeenCalled();
    await userEvent.click(within(dialog).getByRole("button", { name: "Stop sharing" }));

    expect(await screen.findByText("caregiver-1 sees nothing of yours any more.")).toBeInTheDocument();
    expect(await screen.findByText("Only you see your readings")).toBeInTheDocument();
  });

  test("what ended by itself is apart, and can be given again", async () => {
    granted(permission({ until: "2026-01-31T23:00:00Z" }));
    openApp("/sharing");

    await userEvent.click(await screen.findByText("One that ended by itself"));
    expect(screen.getByText("Ended on 31 January 2026")).toBeInTheDocument();
    await userEvent.click(await button("Share again with caregiver-1"));
    expect(await screen.findByRole("dialog", { name: "What may caregiver-1 see?" })).toBeInTheDocument();
  });

  test("loading holds the place, and an error says what is safe", async () => {
    server.use(http.get(api("/api/v1/permissions"), () => delay("infinite")));
    const { unmount } = openApp("/sharing");
    expect((await screen.findAllByText("Loading")).length).toBeGreaterThan(0);
    unmount();

    server.use(http.get(api("/api/v1/permissions"), () => problem(409, "conflict")));
    openApp("/sharing");
    expect(await screen.findByText("We can’t show what you share right now")).toBeInTheDocument();
    expect(screen.getByText(/the people you chose still see what you chose/)).toBeInTheDocument();
  });

  test("offline, what is there stays and nothing can be changed", async () => {
    granted(permission());
    openApp("/sharing");
    await button("Stop sharing with caregiver-1");
    vi.spyOn(navigator, "onLine", "get").mockReturnValue(false);
    dispatchEvent(new Event("offline"));

    expect(await screen.findByText("Connect to the internet to change what you share.")).toBeInTheDocument();
    expect(await button("Stop sharing with caregiver-1")).toBeDisabled();
  });
});

describe("what devices may send", () => {
  function agreed(...given: Consent[]) {
    let all = given;
    server.use(
      http.get(api("/api/v1/consents"), () => page(all)),
      http.get(api("/api/v1/consent-texts/:version"), () => HttpResponse.json(consentText)),
      http.post(api("/api/v1/consents/:id/revoke"), () => {
        all = all.map((one) => ({ ...one, revoked_at: "2026-06-01T06:00:00Z" }));
        return HttpResponse.json(all[0]);
      }),
    );
  }

  test("is told with version and time, and can be read and printed", async () => {
    agreed(consent());
    const print = vi.spyOn(globalThis, "print").mockImplementation(() => {});
    openApp("/sharing");

    expect(await screen.findByText(/Agreed on 1 May 2026 at 08:00 · Text version 2026-01/)).toBeInTheDocument();
    await userEvent.click(await button("Read and print what you agreed to for Kitchen cuff"));
    const record = await screen.findByRole("dialog", { name: "What you agreed to" });
    expect(await within(record).findByText("You can stop at any time.")).toBeInTheDocument();
    expect(record).toHaveTextContent(consentText.sha256);
    await userEvent.click(within(record).getByRole("button", { name: "Print" }));
    expect(print).toHaveBeenCalledOnce();
  });

  test("can be stopped, with the consequence first, and agreed to again", async () => {
    agreed(consent());
    openApp("/sharing");
    await userEvent.click(await button("Stop Kitchen cuff from sending"));
    expect(await screen.findByRole("alertdialog")).toHaveTextContent("Nothing more is taken from Kitchen cuff.");
    await userEvent.click(await button("Stop it"));

    expect(await screen.findByText("Kitchen cuff sends nothing any more.")).toBeInTheDocument();
    expect(await screen.findByText("One earlier agreement")).toBeInTheDocument();
    await userEvent.click(await button("Agree again for Kitchen cuff"));
    expect(await screen.findByRole("dialog", { name: "Share readings from Kitchen cuff?" })).toBeInTheDocument();
  });

  test("of a removed device keeps its name", async () => {
    server.use(http.get(api("/api/v1/device-connections"), () => page([connection({ status: "revoked", name: "Old cuff" })])));
    agreed(consent({ revoked_at: "2026-05-02T06:00:00Z" }));
    openApp("/sharing");

    expect(await screen.findByRole("heading", { name: "Old cuff" })).toBeInTheDocument();
    expect(screen.queryByRole("button", { name: /Agree again/ })).toBeNull();
  });
});

describe("somebody who cares for others", () => {
  const carer = () => server.use(http.get(api("/api/v1/me"), () => HttpResponse.json(me({ patient_id: null, roles: ["caregiver"] }))));

  test("sees what is shared with them and nothing to give", async () => {
    carer();
    server.use(http.get(api("/api/v1/permissions"), () => page([permission({ display_name: "patient-1", role: "patient" })])));
    openApp("/sharing");

    expect(await screen.findByRole("heading", { name: "patient-1" })).toBeInTheDocument();
    expect(screen.queryByRole("button", { name: "Share with somebody" })).toBeNull();
    expect(screen.queryByRole("link", { name: /Who saw my data/ })).toBeNull();
  });

  test("is told how to ask when nothing is", async () => {
    carer();
    openApp("/sharing");

    expect(await screen.findByText("No one shares readings with you")).toBeInTheDocument();
  });
});
