import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { expect, test, vi } from "vitest";
import { openApp } from "~/testing/render-app";
import { api, live, server } from "~/testing/server";

const PROVIDER = "https://idp.example/end-session";

async function signOut() {
  await userEvent.click((await screen.findAllByRole("button", { name: "Sign out" }))[0] as HTMLElement);
}

function visits({ router }: ReturnType<typeof openApp>) {
  const seen: string[] = [];
  router.history.subscribe(({ location }) => seen.push(location.href));
  return seen;
}

test("signing out at the identity provider leaves once, and shows nothing meanwhile", async () => {
  server.use(http.post(api("/auth/logout"), () => HttpResponse.json({ redirect: PROVIDER })));
  const go = vi.fn();
  const app = openApp("/settings", { go });
  await screen.findByRole("heading", { name: "Settings" });
  const seen = visits(app);
  const entries = history.length;

  await signOut();

  await waitFor(() => expect(go).toHaveBeenCalledExactlyOnceWith(PROVIDER));
  expect(app.container).toBeEmptyDOMElement();
  expect(app.client.getQueryCache().getAll()).toEqual([]);
  expect(sessionStorage.getItem("signed-out")).toBe("1");
  expect(seen).toEqual([]);
  expect(history.length).toBe(entries);
});

test("without one the page that says so comes once, also when the live stream breaks off first", async () => {
  let close = () => {};
  server.use(
    live.addEventListener("connection", ({ client }) => {
      close = () => client.close(4401, "signed out");
    }),
    http.post(api("/auth/logout"), async () => {
      close();
      await new Promise((done) => setTimeout(done, 100));
      return HttpResponse.json({ redirect: "/" });
    }),
  );
  const app = openApp(`/devices`);
  await screen.findByText("Live");
  const seen = visits(app);

  await signOut();

  expect(await screen.findByRole("heading", { name: "You are signed out" })).toBeInTheDocument();
  expect(seen).toEqual(["/signed-out"]);
});
