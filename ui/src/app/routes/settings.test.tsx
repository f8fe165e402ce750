import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { expect, test } from "vitest";
import { me } from "~/testing/fixtures";
import { openApp } from "~/testing/render-app";
import { api, problem, server } from "~/testing/server";

test("a unit is saved with the account and shown at once", async () => {
  server.use(
    http.patch(api("/api/v1/me"), async ({ request }) => {
      expect(await request.json()).toEqual({ units: { glucose: "mmol/L" } });
      return HttpResponse.json(me({ units: { glucose: "mmol/L", weight: "kg", temperature: "C" } }));
    }),
  );
  openApp("/settings");
  await userEvent.click(await screen.findByRole("radio", { name: "mmol/L" }));

  expect(screen.getByRole("radio", { name: "mmol/L" })).toBeChecked();
  expect(await screen.findByText("Saved.")).toBeInTheDocument();
});

test("what the server refuses is taken back and said", async () => {
  server.use(http.patch(api("/api/v1/me"), () => problem(503, "unavailable")));
  openApp("/settings");
  await userEvent.click(await screen.findByRole("radio", { name: "lb" }));

  expect(await screen.findByText("That could not be saved. It is as it was before.")).toBeInTheDocument();
  await waitFor(() => expect(screen.getByRole("radio", { name: "kg" })).toBeChecked());
});

test("a theme is a choice of this browser, and the system's can come back", async () => {
  openApp("/settings");
  await userEvent.click(await screen.findByRole("radio", { name: "Dark" }));
  expect(document.documentElement.dataset.theme).toBe("dark");
  expect(localStorage.getItem("theme")).toBe("dark");

  await userEvent.click(screen.getByRole("radio", { name: "As the device" }));

  expect(document.documentElement.dataset.theme).toBeUndefined();
  expect(localStorage.getItem("theme")).toBeNull();
});
