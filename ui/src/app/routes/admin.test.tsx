import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { hub, integration, me, model } from "~/testing/fixtures";
import { openApp } from "~/testing/render-app";
import { api, problem, server } from "~/testing/server";

const page = <T,>(items: T[], next_cursor: string | null = null) => HttpResponse.json({ items, next_cursor });
const asAdmin = () => me({ user_id: "0190f3a0-0000-7000-8000-00000000000a", patient_id: null, roles: ["admin"], display_name: "admin-1" });

beforeEach(() => {
  server.use(
    http.get(api("/api/v1/me"), () => HttpResponse.json(asAdmin())),
    http.get(api("/api/v1/vendors"), () => page([{ vendor_id: "a_and_d", name: "A&D", docs_url: null }])),
  );
});

describe("who may", () => {
  test("an administrator has an entry", async () => {
    openApp("/admin");
    expect((await screen.findAllByRole("link", { name: "Admin" }))[0]).toHaveAttribute("href", "/admin");
    expect(await screen.findByRole("heading", { name: "UA-651BLE" })).toBeInTheDocument();
  });

  test.each(["patient", "caregiver", "clinician"] as const)("a %s has none, and reads why when they come by address", async (role) => {
    const asked = vi.fn();
    server.use(
      http.get(api("/api/v1/me"), () => HttpResponse.json(me({ roles: [role] }))),
      http.get(api("/api/v1/hubs"), asked),
    );
    openApp("/admin?part=hubs");
    expect(await screen.findByText(/Only an administrator can open this page/)).toBeInTheDocument();
    expect(screen.queryByRole("link", { name: "Admin" })).not.toBeInTheDocument();
    expect(asked).not.toHaveBeenCalled();
  });
});

describe("device models", () => {
  test("are found at the server by the words of the address, page by page", async () => {
    const asked: string[] = [];
    server.use(
      http.get(api("/api/v1/devices"), ({ request }) => {
        const { searchParams } = new URL(request.url);
        asked.push(`${searchParams.get("q") ?? ""}/${searchParams.get("cursor") ?? ""}`);
        if (searchParams.get("cursor")) return page([model({ id: "2", name: "Second" })]);
        return page([model({ id: "1", name: "First" })], "more");
      }),
    );
    openApp("/admin?q=cuff");
    expect(await screen.findByRole("heading", { name: "First" })).toBeInTheDocument();
    expect(screen.getByRole("searchbox", { name: "Find a model, by name or maker" })).toHaveValue("cuff");
    await userEvent.click(screen.getByRole("button", { name: "Show more" }));
    expect(await screen.findByRole("heading", { name: "Second" })).toBeInTheDocument();
    expect(asked).toEqual(["cuff/", "cuff/more"]);
  });

  test("none fits: all can be shown again", async () => {
    server.use(http.get(api("/api/v1/devices"), ({ request }) => page(new URL(request.url).searchParams.get("q") ? [] : [model()])));
    openApp("/admin?q=nothing");
    await userEvent.click(await screen.findByRole("button", { name: "Show all models" }));
    expect(await screen.findByRole("heading", { name: "UA-651BLE" })).toBeInTheDocument();
  });

  test("one is changed: only what may change is asked, and it waits for the server", async () => {
    let sent: unknown;
    server.use(
      http.patch(api("/api/v1/devices/:id"), async ({ request }) => {
        sent = await request.json();
        return HttpResponse.json(model({ name: "Ward cuff" }));
      }),
    );
    const user = userEvent.setup();
    openApp("/admin");
    await user.click(await screen.findByRole("button", { name: "Change UA-651BLE" }));
    const dialog = within(await screen.findByRole("dialog", { name: "Change UA-651BLE" }));
    expect(dialog.queryByLabelText("Maker")).not.toBeInTheDocument();
    const name = dialog.getByRole("textbox", { name: "Name that people read" });
    await user.clear(name);
    await user.type(name, "Ward cuff");
    await user.click(dialog.getByRole("checkbox", { name: "Heart rate" }));
    await user.click(dialog.getByRole("checkbox", { name: "Typed in by hand" }));
    await user.selectOptions(dialog.getByRole("combobox", { name: "Recommended way" }), "manual");
    await user.click(dialog.getByRole("button", { name: "Save" }));
    expect(await screen.findByText(/Ward cuff was changed/)).toBeInTheDocument();
    expect(sent).toEqual({ name: "Ward cuff", capabilities: ["blood_pressure", "heart_rate"], pairing_methods: ["manual", "hub"], docs_url: null });
  });

  test("one is added; what is missing or refused is said at its field", async () => {
    let answers = 0;
    server.use(
      http.post(api("/api/v1/devices/register"), async ({ request }) => {
        answers += 1;
        if (answers > 1) return HttpResponse.json({ ...model(), ...((await request.json()) as object) }, { status: 201 });
        return HttpResponse.json(
          { type: "about:blank", title: "", status: 409, detail: "", code: "duplicate", errors: [{ field: "model", code: "duplicate" }] },
          { status: 409, headers: { "Content-Type": "application/problem+json" } },
        );
      }),
    );
    const user = userEvent.setup();
    openApp("/admin");
    await user.click(await screen.findByRole("button", { name: "Add a model" }));
    const dialog = within(await screen.findByRole("dialog", { name: "Add a model" }));
    await user.click(dialog.getByRole("button", { name: "Save" }));
    expect(await dialog.findByText("3 fields need a look before this can be saved.")).toBeInTheDocument();
    expect(answers).toBe(0);
    await user.selectOptions(dialog.getByRole("combobox", { name: "Maker" }), "a_and_d");
    await user.type(dialog.getByRole("textbox", { name: /^Model number/ }), "X1");
    await user.type(dialog.getByRole("textbox", { name: "Name that people read" }), "Cuff X1");
    await user.click(dialog.getByRole("button", { name: "Save" }));
    expect(await dialog.findByText("This maker has a model of that number already.")).toBeInTheDocument();
    await user.type(dialog.getByRole("textbox", { name: /^Model number/ }), "b");
    await user.click(dialog.getByRole("button", { name: "Save" }));
    expect(await screen.findByText(/Cuff X1 was added/)).toBeInTheDocument();
  });

  test("a list that cannot be had can be tried again", async () => {
    server.use(http.get(api("/api/v1/devices"), () => problem(409, "conflict"), { once: true }));
    openApp("/admin");
    await userEvent.click(within(await screen.findByRole("alert")).getByRole("button", { name: "Try again" }));
    expect(await screen.findByRole("heading", { name: "UA-651BLE" })).toBeInTheDocument();
  });
});

test("makers that lack files stand first, with where each file belongs", async () => {
  server.use(
    http.get(api("/api/v1/integrations"), () =>
      page([
        integration({ vendor: "fitbit", name: "Fitbit" }),
        integration({ needs_credentials: true, missing_credentials: ["client_id", "client_secret"] }),
      ]),
    ),
  );
  openApp("/admin?part=makers");
  const files = within(await screen.findByRole("list", { name: "Missing files of Withings" }));
  expect(files.getAllByRole("listitem").map((one) => one.textContent)).toEqual([
    "$DC_SECRETS_DIR/vendors/withings/client_id",
    "$DC_SECRETS_DIR/vendors/withings/client_secret",
  ]);
  expect(screen.getAllByRole("heading", { level: 2 }).map((one) => one.textContent)).toEqual(["Withings", "Fitbit"]);
});

describe("hubs", () => {
  test("everybody's are asked for; a new secret is shown once", async () => {
    let asked = "";
    server.use(
      http.get(api("/api/v1/hubs"), ({ request }) => {
        asked = new URL(request.url).searchParams.get("everybodys") ?? "";
        return page([hub()]);
      }),
      http.post(api("/api/v1/hubs/hub-kitchen/rotate"), () =>
        HttpResponse.json({ hub_id: "hub-kitchen", secret: "an-invented-secret", mqtt: { host: "hubs.example", port: 8883, tls: true } }),
      ),
    );
    const user = userEvent.setup();
    openApp("/admin?part=hubs");
    await user.click(await screen.findByRole("button", { name: "Make a new secret for Kitchen" }));
    expect(asked).toBe("true");
    await user.click(within(await screen.findByRole("alertdialog")).getByRole("button", { name: "Make a new secret" }));
    expect(await screen.findByText("an-invented-secret")).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Done" }));
    await waitFor(() => expect(screen.queryByText("an-invented-secret")).not.toBeInTheDocument());
  });

  test("removing says what follows, and waits for the server", async () => {
    server.use(http.delete(api("/api/v1/hubs/hub-kitchen"), () => new HttpResponse(null, { status: 204 })));
    const user = userEvent.setup();
    openApp("/admin?part=hubs");
    await user.click(await screen.findByRole("button", { name: "Remove Kitchen" }));
    const dialog = within(await screen.findByRole("alertdialog"));
    expect(dialog.getByText(/What they measured stays/)).toBeInTheDocument();
    server.use(http.get(api("/api/v1/hubs"), () => page([])));
    await user.click(dialog.getByRole("button", { name: "Remove it" }));
    expect(await screen.findByText("Kitchen was removed.")).toBeInTheDocument();
    expect(await screen.findByText("Nobody has added a hub yet.")).toBeInTheDocument();
  });
});
