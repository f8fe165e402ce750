import { createIntl } from "react-intl";
import { expect, test } from "vitest";
import { enReadings } from "~/lib/messages/en-readings";
import { en } from "~/lib/messages/en";
import { reading } from "~/testing/fixtures";
import { alsoText, copiesOf } from "./also";

const AT = "2026-05-01T08:30:00Z";
const copy = (id: string, connectionId: string, seconds: number) => ({
  id,
  device_connection_id: connectionId,
  timestamp: new Date(Date.parse(AT) + seconds * 1000).toISOString(),
  why: [],
});
const clock = { now: Date.parse(AT) + 3_600_000, timeZone: "UTC", isZoneNamed: false };
const intl = createIntl({ locale: "en-GB", messages: { ...en, ...enReadings } });

test("each of the readings knows the others, also the one that is not shown in the list", () => {
  const copies = copiesOf([reading("head", AT, { device_connection_id: "cuff", also: [copy("c1", "cloud", 20), copy("c2", "phone", 60)] }), reading("alone", AT)]);

  expect(copies.get("head")?.map((one) => one.connectionId)).toEqual(["cloud", "phone"]);
  expect(copies.get("c2")?.map((one) => one.connectionId)).toEqual(["cuff", "cloud"]);
  expect(copies.has("alone")).toBe(false);
});

test("sources are told with their name and time; one without a name is another device", () => {
  const names = new Map([["cloud", "Withings"]]);
  const text = alsoText(intl, copiesOf([reading("head", AT, { also: [copy("c1", "cloud", 20), copy("c2", "gone", 60)] })]).get("head") ?? [], (id) => names.get(id), clock);

  expect(text).toBe("also received from Withings (today 08:30) and another device (today 08:31)");
  expect(alsoText(intl, [], () => undefined, clock)).toBeNull();
});
