// Whom, what and when: everything that is chosen is in the address, so that it can be kept and sent.
import { ChoiceField } from "~/components/ui/choice-field";
import { DayField } from "~/components/ui/day-field";
import type { AuditSummary } from "~/lib/api-types";
import { isDay } from "~/lib/days";
import { useText } from "~/lib/text";
import { WHATS, WHO, type LogSearch } from "../question";
import { useRole } from "../words";
import styles from "./log.module.css";

interface FiltersProps {
  search: LogSearch;
  today: string;
  people: AuditSummary["people"];
  onChange: (change: LogSearch) => void;
}

export function Filters({ search, today, people, onChange }: FiltersProps) {
  const t = useText();
  const role = useRole();
  const { who = "others", what = "all", from = "", to = "" } = search;
  const persons = people.map(({ id, name, role: their }) => ({ id, text: `${name} · ${role(their)}` }));
  return (
    <form role="search" aria-label={t("log.filters")} className={styles.filters} onSubmit={(event) => event.preventDefault()}>
      <ChoiceField
        label={t("log.who")}
        value={who}
        onChange={(id) => onChange({ who: id === "others" ? undefined : id })}
        choices={WHO.map((id) => ({ id, text: t(`log.who.${id}`) }))}
        more={{ label: t("log.who.people"), choices: persons }}
      />
      <ChoiceField
        label={t("log.what")}
        value={what}
        onChange={(id) => onChange({ what: id === "all" ? undefined : id })}
        choices={(["all", ...WHATS] as const).map((id) => ({ id, text: t(`log.what.${id}`) }))}
      />
      <DayField label={t("log.from")} value={isDay(from) ? from : ""} max={isDay(to) ? to : today} onChange={(day) => onChange({ from: day || undefined })} />
      <DayField label={t("log.to")} value={isDay(to) ? to : ""} min={isDay(from) ? from : undefined} max={today} onChange={(day) => onChange({ to: day || undefined })} />
    </form>
  );
}
