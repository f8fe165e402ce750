// What a phone had before it was connected comes as a file: the way to give it, once there is a device that it belongs to.
import { useQuery } from "@tanstack/react-query";
import { LinkButton } from "~/components/ui/button";
import type { Me } from "~/lib/api-types";
import { connectionsQuery } from "~/lib/connections";
import { useText } from "~/lib/text";
import { comesThroughHealth } from "~/lib/through-health";
import styles from "./integration-card.module.css";

export function BringHistory({ me }: { me: Me }) {
  const t = useText();
  const { data } = useQuery(connectionsQuery(me));
  if (!me.patient_id || !data?.some(comesThroughHealth)) return null;
  return (
    <div className={styles.actions}>
      <LinkButton to="/integrations/import">{t("integrations.history")}</LinkButton>
    </div>
  );
}
