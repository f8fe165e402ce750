// The consent of one device: asked by the dialog, stored at the server before anything flows.
import { ConsentDialog } from "~/components/consent/consent-dialog";
import type { ConsentText, Kind } from "~/lib/api-types";
import { useText } from "~/lib/text";
import { useGiveConsent } from "../api/consent";

interface ConsentModalProps {
  connectionId: string;
  patientId: string;
  deviceName: string;
  /** What the device can send. */
  kinds: readonly Kind[];
  isOpen: boolean;
  onGiven: () => void;
  onNotNow: () => void;
}

export default function ConsentModal({ connectionId, patientId, deviceName, kinds, isOpen, onGiven, onNotNow }: ConsentModalProps) {
  const t = useText();
  const give = useGiveConsent();
  const agree = ({ version, locale }: ConsentText, chosen: Kind[]) =>
    give.mutate({ device_connection_id: connectionId, version, data_kinds: chosen, locale }, { onSuccess: onGiven });
  return (
    <ConsentDialog
      patientId={patientId}
      name={deviceName}
      kinds={kinds}
      howToStop={t("consent.stop.text")}
      isOpen={isOpen}
      isPending={give.isPending}
      error={give.error}
      onAgree={agree}
      onNotNow={onNotNow}
    />
  );
}
