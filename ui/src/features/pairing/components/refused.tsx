// A refusal of the connect step in our words, and the way on.
import { Button } from "~/components/ui/button";
import { Icon } from "~/components/ui/icon";
import { Notice, SupportDetails, useProblemText } from "~/components/ui/notice";
import { codeOf } from "~/lib/problem";
import { useText, type MessageId } from "~/lib/text";

/** Our words for the refusals of this step; every other code gets the general ones. */
const CONSENT: [MessageId, MessageId] = ["pair.consent.title", "pair.consentLost"];
const REFUSALS: Record<string, [MessageId, MessageId]> = {
  already_paired: ["pair.already.title", "pair.already.text"],
  pairing_expired: ["pair.expired.title", "pair.expired.text"],
  pairing_used: ["pair.expired.title", "pair.expired.text"],
  conflict: ["pair.gone.title", "pair.gone.text"],
  consent_required: CONSENT,
  consent_missing: CONSENT,
  consent_revoked: CONSENT,
  not_found: ["pair.gone.title", "pair.gone.text"],
};
/** These lead back to consent. */
export const CONSENT_FAULTS = new Set(["consent_required", "consent_missing", "consent_revoked", "kind_not_supported"]);

export function Refused({ error, onAgain, again }: { error: unknown; onAgain: () => void; again?: string }) {
  const t = useText();
  const problemText = useProblemText();
  const words = REFUSALS[codeOf(error)];
  return (
    <Notice
      tone="warn"
      role="alert"
      title={t(words ? words[0] : "pair.problem.title")}
      actions={
        <Button look="primary" onPress={onAgain}>
          {again ?? (
            <>
              <Icon name="search" />
              {t("pair.connect.again")}
            </>
          )}
        </Button>
      }
    >
      <p>{words ? t(words[1]) : problemText(error)}</p>
      <SupportDetails error={error} />
    </Notice>
  );
}
