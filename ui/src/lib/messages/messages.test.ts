import { parse } from "@formatjs/icu-messageformat-parser";
import { describe, expect, test } from "vitest";
import { DEVICE_TYPES, KINDS } from "../kinds";
import { en } from "./en";
import { enAdmin } from "./en-admin";
import { enBluetooth } from "./en-bluetooth";
import { enConsent } from "./en-consent";
import { enFix } from "./en-fix";
import { enHealth } from "./en-health";
import { enHelp } from "./en-help";
import { enIntegrations } from "./en-integrations";
import { enKinds } from "./en-kinds";
import { enLog } from "./en-log";
import { enPair } from "./en-pair";
import { enReadings } from "./en-readings";
import { enSettings } from "./en-settings";
import { enShared } from "./en-shared";
import { enSharing } from "./en-sharing";
import { enSignIn } from "./en-sign-in";

const parts = [en, enAdmin, enBluetooth, enConsent, enFix, enHealth, enHelp, enIntegrations, enKinds, enLog, enPair, enReadings, enSettings, enShared, enSharing, enSignIn];
const all: Record<string, string> = Object.assign({}, ...parts);

test("each id has one text", () => {
  expect(Object.keys(all)).toHaveLength(parts.reduce((sum, part) => sum + Object.keys(part).length, 0));
});

test("every text is a sentence that can be formatted", () => {
  for (const text of Object.values(all)) expect(() => parse(text)).not.toThrow();
});

test("no blame, no alarm, no jargon", () => {
  for (const text of Object.values(all)) expect(text).not.toMatch(/\b(invalid|failed|error|oops|GATT|bond|token)\b|!/i);
});

describe("made of a word of the contract", () => {
  test.each(KINDS)("kind %s", (kind) => {
    expect(all).toHaveProperty([`kind.${kind}`]);
    expect(all).toHaveProperty([`kind.${kind}.what`]);
  });

  test.each(DEVICE_TYPES)("type %s", (type) => {
    expect(all).toHaveProperty([`type.${type}`]);
  });
});
