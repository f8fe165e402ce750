// Settings: how it looks here, and what goes with the account.
import { useIntl } from "react-intl";
import { Button } from "~/components/ui/button";
import { Card } from "~/components/ui/card";
import { Page } from "~/components/ui/page";
import { Segments } from "~/components/ui/segments";
import { usePatchMe } from "~/features/settings/api/patch-me";
import { useSignOut } from "~/features/session/use-sign-out";
import { useNow } from "~/lib/clock";
import { useMe, useUnits } from "~/lib/me";

import { enSettings } from "~/lib/messages/en-settings";
import { addMessages, useText } from "~/lib/text";
import { setTextSize, setTheme, useTextSize, useTheme } from "~/lib/theme";
import { clockText } from "~/lib/time";
import type { Units } from "~/lib/units";
import styles from "./settings.module.css";

addMessages(enSettings);

export function SettingsPage() {
  const t = useText();
  const me = useMe();
  const patch = usePatchMe();
  const signOut = useSignOut();
  return (
    <Page title={t("settings.title")}>
      <Look />
      <UnitSettings onChange={(units) => patch.mutate({ units })} />
      <Zone zone={me.timezone} onChange={(timezone) => patch.mutate({ timezone })} />
      <p role="status" className={styles.result}>
        {patch.isSuccess ? t("settings.saved") : null}
        {patch.isError ? t("settings.failed") : null}
      </p>
      <Card labelledBy="settings-account">
        <div className={styles.group}>
          <h2 id="settings-account">{t("settings.account")}</h2>
          <p>{t("settings.account.text", { name: me.display_name })}</p>
          <div>
            <Button onPress={() => signOut.mutate()} isDisabled={signOut.isPending}>
              {t("session.signOut")}
            </Button>
          </div>
        </div>
      </Card>
    </Page>
  );
}

function Look() {
  const t = useText();
  return (
    <Card labelledBy="settings-look">
      <div className={styles.group}>
        <h2 id="settings-look">{t("settings.look")}</h2>
        <Segments
          label={t("settings.theme")}
          value={useTheme()}
          onChange={setTheme}
          choices={(["system", "light", "dark"] as const).map((id) => ({ id, text: t(`settings.theme.${id}`) }))}
        />
        <Segments
          label={t("settings.text")}
          value={useTextSize()}
          onChange={setTextSize}
          choices={(["normal", "large"] as const).map((id) => ({ id, text: t(`settings.text.${id}`) }))}
        />
        <p className={styles.note}>{t("settings.onlyHere")}</p>
      </div>
    </Card>
  );
}

const CHOICES = {
  glucose: ["mg/dL", "mmol/L"],
  weight: ["kg", "lb"],
  temperature: ["C", "F"],
} as const satisfies { [Name in keyof Units]: readonly Units[Name][] };

function UnitSettings({ onChange }: { onChange: (units: Partial<Units>) => void }) {
  const t = useText();
  const units = useUnits();
  return (
    <Card labelledBy="settings-units">
      <div className={styles.group}>
        <h2 id="settings-units">{t("settings.units")}</h2>
        {(Object.keys(CHOICES) as (keyof Units)[]).map((name) => (
          <Segments<string>
            key={name}
            label={t(`settings.units.${name}`)}
            value={units[name]}
            onChange={(value) => onChange({ [name]: value })}
            choices={CHOICES[name].map((id) => ({ id, text: t(`settings.units.${id}`) }))}
          />
        ))}
        <p className={styles.note}>{t("settings.everywhere")}</p>
      </div>
    </Card>
  );
}

function Zone({ zone, onChange }: { zone: string; onChange: (zone: string) => void }) {
  const t = useText();
  const intl = useIntl();
  const now = useNow();
  const here = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  return (
    <Card labelledBy="settings-zone">
      <div className={styles.group}>
        <h2 id="settings-zone">{t("settings.zone")}</h2>
        <p>{t("settings.zone.text", { zone: zoneName(zone), time: clockText(intl, now, zone) })}</p>
        {here && here !== zone ? (
          <div>
            <Button onPress={() => onChange(here)}>{t("settings.zone.use", { zone: zoneName(here) })}</Button>
          </div>
        ) : null}
      </div>
    </Card>
  );
}

const zoneName = (zone: string) => zone.replaceAll("_", " ");
