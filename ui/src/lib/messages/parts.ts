// The English of every page by the name of its part; the same name is the file's in each other language. Types only.
import type { en } from "./en";
import type { enAdmin } from "./en-admin";
import type { enBluetooth } from "./en-bluetooth";
import type { enCompanion } from "./en-companion";
import type { enConsent } from "./en-consent";
import type { enFix } from "./en-fix";
import type { enHealth } from "./en-health";
import type { enHelp } from "./en-help";
import type { enHistory } from "./en-history";
import type { enIntegrations } from "./en-integrations";
import type { enKinds } from "./en-kinds";
import type { enLog } from "./en-log";
import type { enManage } from "./en-manage";
import type { enName } from "./en-name";
import type { enNoDevices } from "./en-no-devices";
import type { enPair } from "./en-pair";
import type { enProblems } from "./en-problems";
import type { enReadings } from "./en-readings";
import type { enRecordings } from "./en-recordings";
import type { enSession } from "./en-session";
import type { enSettings } from "./en-settings";
import type { enShared } from "./en-shared";
import type { enSharing } from "./en-sharing";
import type { enSignIn } from "./en-sign-in";
import type { enUnits } from "./en-units";
import type { enUsual } from "./en-usual";
import type { enWhose } from "./en-whose";

export interface Parts {
  main: typeof en;
  admin: typeof enAdmin;
  bluetooth: typeof enBluetooth;
  companion: typeof enCompanion;
  consent: typeof enConsent;
  fix: typeof enFix;
  health: typeof enHealth;
  help: typeof enHelp;
  history: typeof enHistory;
  integrations: typeof enIntegrations;
  kinds: typeof enKinds;
  log: typeof enLog;
  /** In English the vocabulary's own labels, which are generated: a test compares the ids. */
  metrics: Record<`metric.${string}` | `value.${string}`, string>;
  manage: typeof enManage;
  name: typeof enName;
  "no-devices": typeof enNoDevices;
  pair: typeof enPair;
  problems: typeof enProblems;
  readings: typeof enReadings;
  recordings: typeof enRecordings;
  session: typeof enSession;
  settings: typeof enSettings;
  shared: typeof enShared;
  sharing: typeof enSharing;
  "sign-in": typeof enSignIn;
  units: typeof enUnits;
  usual: typeof enUsual;
  whose: typeof enWhose;
}

export type Part = keyof Parts;
export type MessageId = { [Name in Exclude<Part, "metrics">]: keyof Parts[Name] }[Exclude<Part, "metrics">];

/** What a file of another language holds: each text of the English one and no more; a plural may have more forms. */
export type Translation<Name extends Part> = Record<keyof Parts[Name], string>;
