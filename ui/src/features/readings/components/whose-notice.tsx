// On a device's page: how many of its readings wait for a word about whose they are. Nothing where none does.
import { useInfiniteQuery } from "@tanstack/react-query";
import { LinkButton } from "~/components/ui/button";
import { Notice } from "~/components/ui/notice";
import { enWhose } from "~/lib/messages/en-whose";
import { addMessages, useText } from "~/lib/text";
import { ambiguousQuery } from "../api/ambiguous";

addMessages(enWhose, "whose");

export function WhoseNotice({ patientId, connectionId }: { patientId: string; connectionId: string }) {
  const t = useText();
  const { data = [] } = useInfiniteQuery(ambiguousQuery(patientId));
  const count = data.filter((item) => item.device_connection_id === connectionId).length;
  if (count === 0) return null;
  return (
    <Notice tone="info" icon="people" title={t("whose.notice", { count })} actions={<LinkButton to="/devices/whose">{t("whose.notice.action")}</LinkButton>}>
      <p>{t("whose.notice.text")}</p>
    </Notice>
  );
}
