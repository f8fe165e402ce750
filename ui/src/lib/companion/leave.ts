// After a session: its proof leaves the phone, and after signing out also what was remembered of the person's health data.
import { Memory } from "~/lib/health-store/memory";
import type { EndReason } from "~/lib/session-context";
import { forgetSession } from "./sign-in";

export async function leavePhone(reason: EndReason): Promise<void> {
  await forgetSession();
  if (reason === "signed-out") await new Memory().clear();
}
