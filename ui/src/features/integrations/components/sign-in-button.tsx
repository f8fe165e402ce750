// The way to the maker: a first time through consent; again at once, where the yes of before still stands.
import { useState } from "react";
import { useIntl } from "react-intl";
import { ConsentDialog } from "~/components/consent/consent-dialog";
import { Button, type Look } from "~/components/ui/button";
import { Notice, SupportDetails, useProblemText } from "~/components/ui/notice";
import type { Integration, Me } from "~/lib/api-types";
import { codeOf } from "~/lib/problem";
import { useSession } from "~/lib/session-context";
import { useText } from "~/lib/text";
import { useAuthorize, useAuthorizeAgain } from "../api/integrations";
import styles from "./integration-card.module.css";

interface SignInProps {
  me: Me;
  patientId: string;
  integration: Integration;
  text: string;
  /** What a screen reader says, with the maker's name. */
  label: string;
  look?: Look;
  isDisabled: boolean;
}

export function SignInButton({ me, patientId, integration, text, label, look, isDisabled }: SignInProps) {
  const t = useText();
  const intl = useIntl();
  const session = useSession();
  const { vendor, name } = integration;
  const first = useAuthorize(vendor);
  const again = useAuthorizeAgain(me, integration, intl.locale.split("-")[0] ?? "en");
  const [isOpen, setOpen] = useState(false);

  const begin = () => {
    if (integration.state === null || integration.state === "revoked") setOpen(true);
    else again.mutate(undefined, { onSuccess: (address) => (address ? session.leave(address) : setOpen(true)) });
  };
  return (
    <div className={styles.action}>
      <Button look={look} aria-label={label} onPress={begin} isDisabled={isDisabled || again.isPending}>
        {again.isPending ? t("integrations.going", { name }) : text}
      </Button>
      {again.error ? <SignInProblem name={name} error={again.error} /> : null}
      <ConsentDialog
        patientId={patientId}
        name={name}
        kinds={integration.data_kinds}
        howToStop={t("integrations.stop", { name })}
        yes={t("integrations.goTo", { name })}
        isOpen={isOpen}
        isPending={first.isPending}
        error={first.error}
        onAgree={({ version }, kinds) => first.mutate({ kinds, version }, { onSuccess: session.leave })}
        onNotNow={() => setOpen(false)}
      />
    </div>
  );
}

function SignInProblem({ name, error }: { name: string; error: unknown }) {
  const t = useText();
  const problemText = useProblemText();
  return (
    <Notice tone="warn" role="alert">
      <p>{codeOf(error) === "unavailable" ? t("integrations.away", { name }) : problemText(error)}</p>
      <SupportDetails error={error} />
    </Notice>
  );
}
