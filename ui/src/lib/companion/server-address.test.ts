import { http, HttpResponse } from "msw";
import { describe, expect, test } from "vitest";
import { problem, server } from "~/testing/server";
import { lookAt, serverOf } from "./server-address";

const HERE = "https://health.example.org";

test.each([
  ["health.example.org", HERE],
  ["  HTTPS://Health.Example.org/devices?x=1 ", HERE],
  ["https://health.example.org:8443", `${HERE}:8443`],
  ["http://localhost:8080", "http://localhost:8080"],
  ["http://127.0.0.1:8080/", "http://127.0.0.1:8080"],
])("“%s” means %s", (typed, origin) => {
  expect(serverOf(typed)).toBe(origin);
});

test.each(["", "   ", "health", "http://health.example.org", "ftp://health.example.org", "https://me@health.example.org", "javascript:alert(1)", "two words"])(
  "“%s” is no address",
  (typed) => {
    expect(serverOf(typed)).toBeNull();
  },
);

describe("who answers there", () => {
  test.each([
    ["ours", () => problem(401, "unauthenticated")],
    ["other", () => HttpResponse.text("<h1>Welcome</h1>")],
    ["other", () => new HttpResponse(null, { status: 401 })],
    ["silent", () => HttpResponse.error()],
  ])("is %s", async (answer, says) => {
    server.use(http.get(`${HERE}/api/v1/me`, says));
    expect(await lookAt(HERE)).toBe(answer);
  });
});
