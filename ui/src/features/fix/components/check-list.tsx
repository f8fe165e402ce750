// The checks with their results, and for each that is not well what to do.
import { useId } from "react";
import { LinkButton } from "~/components/ui/button";
import { Icon, type IconName } from "~/components/ui/icon";
import type { Connection } from "~/lib/api-types";
import { useText } from "~/lib/text";
import type { Refused } from "../causes";
import type { Check, CheckId, Result } from "../checks";
import styles from "./fix.module.css";

interface CheckListProps {
  checks: readonly Check[];
  refused: readonly Refused[];
  connection: Connection;
  isOwner: boolean;
}

/** What needs a look first; the rest stands below it in few lines. */
export function CheckList({ checks, refused, connection, isOwner }: CheckListProps) {
  const t = useText();
  const having = (result: Result) => checks.filter((check) => check.result === result);
  const troubles = having("trouble");
  return (
    <>
      {troubles.length > 0 ? (
        <ul className={styles.checks} aria-label={t("fix.list")}>
          {troubles.map(({ id, advice }) => (
            <li key={id} id={anchor(id)} className={styles.trouble}>
              <Icon name="warn" size={22} />
              <div className={styles.words}>
                <h2 className={styles.name}>{t(`fix.check.${id}`)}</h2>
                <p>{t(`fix.advice.${advice}`)}</p>
                {id === "refused" ? <Reasons refused={refused} /> : null}
                {isOwner ? <Way id={id} connection={connection} /> : null}
              </div>
            </li>
          ))}
        </ul>
      ) : null}
      <Rest result="unknown" checks={having("unknown")} />
      <Rest result="well" checks={having("well")} />
    </>
  );
}

const ICONS: Record<Exclude<Result, "trouble">, IconName> = { well: "check", unknown: "help" };

function Rest({ result, checks }: { result: keyof typeof ICONS; checks: readonly Check[] }) {
  const t = useText();
  const heading = useId();
  if (checks.length === 0) return null;
  return (
    <section className={styles.rest} aria-labelledby={heading}>
      <h2 id={heading}>{t(`fix.list.${result}`)}</h2>
      <ul className={styles[result]}>
        {checks.map(({ id }) => (
          <li key={id}>
            <Icon name={ICONS[result]} size={18} />
            {t(`fix.check.${id}`)}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Where the log leads to. */
export const anchor = (id: CheckId) => `check-${id}`;

/** Why values were refused and how often, the most frequent first. */
function Reasons({ refused }: { refused: readonly Refused[] }) {
  const t = useText();
  return (
    <ul className={styles.reasons}>
      {refused.map(({ refusal, count }) => (
        <li key={refusal}>{t(`fix.refused.${refusal}`, { count })}</li>
      ))}
    </ul>
  );
}

/** Where the person can mend it, when that is a page of ours. */
function Way({ id, connection }: { id: CheckId; connection: Connection }) {
  const t = useText();
  if (id === "pairing" || id === "consent") {
    return (
      <LinkButton to="/pair/$step" params={{ step: id === "pairing" && connection.status === "failed" ? "ready" : "consent" }} search={{ connection: connection.id }}>
        {t("fix.go.pairing")}
      </LinkButton>
    );
  }
  if (id === "account") return <LinkButton to="/integrations">{t("fix.go.account")}</LinkButton>;
  return null;
}
