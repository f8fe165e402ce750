import { describe, expect, test } from "vitest";
import { codeOfLink, tokenOfLink, tokenOfText } from "./pair-link";

const SERVER = "https://health.example";
const TOKEN = "Ab3_x-Zq9LmN0pQrStUvWw";

test.each([`deviceconnect://pair?token=${TOKEN}`, `deviceconnect://pair/?token=${TOKEN}`, `${SERVER}/app/pair?token=${TOKEN}`])("%s is ours", (link) => {
  expect(tokenOfLink(link, SERVER)).toBe(TOKEN);
});

test.each([
  `https://other.example/app/pair?token=${TOKEN}`,
  `https://health.example.evil.example/app/pair?token=${TOKEN}`,
  `https://health.example@evil.example/app/pair?token=${TOKEN}`,
  `https://user@health.example/app/pair?token=${TOKEN}`,
  `https://health.example:8443/app/pair?token=${TOKEN}`,
  `http://health.example/app/pair?token=${TOKEN}`,
  `${SERVER}/pair/connect?token=${TOKEN}`,
  `${SERVER}/app/pair?token=${TOKEN}&next=https://evil.example`,
  `${SERVER}/app/pair?token=${TOKEN}&token=${TOKEN}`,
  `deviceconnect://pair.evil.example?token=${TOKEN}`,
  `deviceconnect://pair:80?token=${TOKEN}`,
  `deviceconnect://evil@pair?token=${TOKEN}`,
  `deviceconnect://pair?token=${TOKEN}#x`,
  `deviceconnect://sign-in?token=${TOKEN}`,
  `javascript:pair?token=${TOKEN}`,
  "deviceconnect://pair?token=short",
  "deviceconnect://pair?token=%3Cscript%3Ealert(1)%3C/script%3E",
  "deviceconnect://pair",
  "nonsense",
  "",
])("%s leads nowhere", (link) => {
  expect(tokenOfLink(link, SERVER)).toBeNull();
});

test("a code that was typed may have spaces", () => {
  expect(tokenOfText(` ${TOKEN.slice(0, 8)} ${TOKEN.slice(8)} `)).toBe(TOKEN);
  expect(tokenOfText("too short")).toBeNull();
});

describe("the way back from signing in", () => {
  const CODE = "c".repeat(43);

  test.each([`deviceconnect://signed-in?code=${CODE}`, `deviceconnect://signed-in/?code=${CODE}`])("%s is ours", (link) => {
    expect(codeOfLink(link)).toBe(CODE);
  });

  test.each([
    `https://health.example/signed-in?code=${CODE}`,
    `deviceconnect://pair?code=${CODE}`,
    `deviceconnect://signed-in.evil.example?code=${CODE}`,
    `deviceconnect://signed-in?code=${CODE}&next=/x`,
    `deviceconnect://signed-in?code=${CODE}#x`,
    "deviceconnect://signed-in?code=short",
    "deviceconnect://signed-in",
    "nonsense",
  ])("%s leads nowhere", (link) => {
    expect(codeOfLink(link)).toBeNull();
  });
});
