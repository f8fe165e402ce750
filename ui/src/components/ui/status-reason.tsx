// Why a device is in the state it is in, in words with the next step; nothing when all is well.
import type { Connection } from "~/lib/api-types";
import { isText, useText } from "~/lib/text";

export function useStatusReason(): (connection: Pick<Connection, "status" | "status_reason">) => string | null {
  const t = useText();
  return ({ status, status_reason: reason }) => {
    if (status === "pairing") return t("devices.waiting");
    if (status !== "failed" && status !== "disconnected") return null;
    const id = `status.reason.${reason}`;
    return t(isText(id) ? id : `status.reason.${status}`);
  };
}

/** Where pairing goes on for a device that does not send yet, or that must be paired again; null when it need not. */
export function pairingStep({ status, status_reason: reason }: Pick<Connection, "status" | "status_reason">): "consent" | "ready" | null {
  if (status === "pairing") return "consent";
  return status === "failed" || (status === "disconnected" && reason === "hub_removed") ? "ready" : null;
}
