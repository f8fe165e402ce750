// The question of consent once more, for a device that was stopped from sending.
import { useQuery } from "@tanstack/react-query";
import { ConsentDialog } from "~/components/consent/consent-dialog";
import type { Connection } from "~/lib/api-types";
import { useText } from "~/lib/text";
import { modelQuery, useAgree } from "../api/consents";

export default function AgreeAgain({ connection, onClose, onDone }: { connection: Connection; onClose: () => void; onDone: () => void }) {
  const t = useText();
  const model = useQuery(modelQuery(connection.device_model_id));
  const agree = useAgree(connection.patient_id);
  return (
    <ConsentDialog
      isOpen
      patientId={connection.patient_id}
      name={connection.name}
      kinds={model.data?.capabilities ?? []}
      howToStop={t("consent.stop.text")}
      isPending={agree.isPending}
      error={agree.error ?? model.error}
      onAgree={({ version, locale }, kinds) =>
        agree.mutate({ device_connection_id: connection.id, version, data_kinds: kinds, locale }, { onSuccess: onDone })
      }
      onNotNow={onClose}
    />
  );
}
