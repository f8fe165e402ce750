// Changing what somebody sees, or until when, without their losing sight of what stays.
import { Button } from "~/components/ui/button";
import { Modal } from "~/components/ui/modal";
import { Notice, SupportDetails, useProblemText } from "~/components/ui/notice";
import type { Connection, Permission } from "~/lib/api-types";
import { useText } from "~/lib/text";
import { useChangeGrant } from "../api/permissions";
import { Terms, useTerms } from "./terms";

interface ChangeProps {
  grant: Permission;
  zone: string;
  connections: readonly Connection[];
  onClose: () => void;
  onChanged: (changed: Permission) => void;
}

export default function ChangeDialog({ grant, zone, connections, onClose, onChanged }: ChangeProps) {
  const t = useText();
  const problemText = useProblemText();
  const change = useChangeGrant(grant.patient_id);
  const terms = useTerms(zone, { kinds: grant.data_kinds, until: grant.until });
  const save = () => {
    const wish = terms.answer();
    if (wish) change.mutate({ id: grant.id, data_kinds: wish.kinds, until: wish.until }, { onSuccess: onChanged });
  };
  return (
    <Modal
      isOpen
      needsAnswer
      title={t("sharing.change.title", { name: grant.display_name })}
      onClose={onClose}
      footer={
        <>
          <Button onPress={onClose}>{t("app.cancel")}</Button>
          <Button look="primary" onPress={save} isDisabled={change.isPending}>
            {t("sharing.what.save")}
          </Button>
        </>
      }
    >
      <Terms terms={terms} connections={connections} />
      {change.isError ? (
        <Notice tone="warn" role="alert">
          <p>{problemText(change.error)}</p>
          <SupportDetails error={change.error} />
        </Notice>
      ) : null}
    </Modal>
  );
}
