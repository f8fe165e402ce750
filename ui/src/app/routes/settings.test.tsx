import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { expect, test, vi } from "vitest";
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

test("a language is chosen by its own name, kept with the account and seen at once", async () => {
  server.use(http.patch(api("/api/v1/me"), async ({ request }) => HttpResponse.json(me((await request.json()) as { locale: string }))));
  openApp("/settings");
  await userEvent.click(await screen.findByRole("radio", { name: "Español" }));

  expect(await screen.findByRole("heading", { name: "Ajustes" })).toBeInTheDocument();
  expect(screen.getAllByRole("link", { name: "Dispositivos" })).not.toHaveLength(0);
  expect(document.documentElement).toHaveAttribute("lang", "es");

  await userEvent.click(screen.getByRole("radio", { name: "English" }));

  expect(await screen.findByRole("heading", { name: "Settings" })).toBeInTheDocument();
  expect(document.documentElement.lang).toMatch(/^en-/);
});

test("who signed in here last finds the page in their language", async () => {
  localStorage.setItem("language", "es");
  openApp("/sign-in", { signedIn: false });

  expect(await screen.findByRole("heading", { name: "Tus lecturas, de tus dispositivos, en un solo lugar" })).toBeInTheDocument();
});

test("any zone can be chosen", async () => {
  server.use(
    http.patch(api("/api/v1/me"), async ({ request }) => {
      expect(await request.json()).toEqual({ timezone: "America/New_York" });
      return HttpResponse.json(me({ timezone: "America/New_York" }));
    }),
  );
  openApp("/settings");
  await userEvent.selectOptions(await screen.findByRole("combobox", { name: "Another zone" }), "America/New_York");

  expect(await screen.findByText(/shown in America\/New York/)).toBeInTheDocument();
});

test("after a phone was lost one press signs out everywhere", async () => {
  const asked = vi.fn();
  server.use(
    http.post(api("/auth/logout"), ({ request }) => {
      asked(new URL(request.url).searchParams.get("everywhere"));
      return HttpResponse.json({ redirect: "/" });
    }),
  );
  openApp("/settings");
  await userEvent.click(await screen.findByRole("button", { name: "Sign out everywhere" }));

  expect(await screen.findByRole("heading", { name: "You are signed out" })).toBeInTheDocument();
  expect(asked).toHaveBeenCalledExactlyOnceWith("true");
});
