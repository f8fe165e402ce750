// Settings: how it looks here, and what goes with the account.
import { useIntl } from "react-intl";
import { lazy, Suspense } from "react";
import { Button } from "~/components/ui/button";
import { Card } from "~/components/ui/card";
import { ChoiceField } from "~/components/ui/choice-field";
import { Page } from "~/components/ui/page";
import { Segments } from "~/components/ui/segments";
import { usePatchMe } from "~/features/settings/api/patch-me";
import { useSignOut } from "~/features/session/use-sign-out";
import { useNow } from "~/lib/clock";
import { chosenLocale, NAMES } from "~/lib/language-choice";
import { directionOf, languageOf, type Language } from "~/lib/locale";
import { useMe, useUnits } from "~/lib/me";
import { enSettings } from "~/lib/messages/en-settings";
import { addMessages, useText } from "~/lib/text";
import { wordsAreHere } from "~/lib/words";
import { setTextSize, setTheme, useTextSize, useTheme } from "~/lib/theme";
import { clockText } from "~/lib/time";
import type { Units } from "~/lib/units";
import styles from "./settings.module.css";

addMessages(enSettings, "settings");

const PhoneCard = /* @__PURE__ */ lazy(() => wordsAreHere(import("~/features/companion/components/phone-card")));

export function SettingsPage() {
  const t = useText();
  const me = useMe();
  const patch = usePatchMe();
  const signOut = useSignOut();
  return (
    <Page title={t("settings.title")}>
      {import.meta.env.VITE_APP ? (
        <Suspense>
          <PhoneCard />
        </Suspense>
      ) : null}
      <Tongue onChange={(locale) => patch.mutate({ locale })} />
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
          <p>{t("settings.account.lost")}</p>
          <div>
            <Button onPress={() => signOut.mutate({ everywhere: "true" })} isDisabled={signOut.isPending}>
              {t("settings.account.everywhere")}
            </Button>
          </div>
        </div>
      </Card>
    </Page>
  );
}

const TONGUES = (Object.keys(NAMES) as Language[]).map((id) => {
  return { id, text: <span lang={id} dir={directionOf(id)}>{NAMES[id]}</span> };
});

/** Each by its own name: who cannot read this page finds theirs. */
function Tongue({ onChange }: { onChange: (locale: string) => void }) {
  const t = useText();
  const intl = useIntl();
  return (
    <Card labelledBy="settings-language">
      <div className={styles.group}>
        <h2 id="settings-language">{t("settings.language")}</h2>
        <Segments
          label={t("settings.language")}
          hideLabel
          value={languageOf(intl.locale)}
          onChange={(language) => onChange(chosenLocale(language, navigator.languages))}
          choices={TONGUES}
        />
        <p className={styles.note}>{t("settings.everywhere")}</p>
      </div>
    </Card>
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
            choices={CHOICES[name].map((id) => ({ id, text: <bdi>{t(`settings.units.${id}`)}</bdi> }))}
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
        <ChoiceField label={t("settings.zone.choose")} value={zone} onChange={onChange} choices={zonesWith(zone)} />
      </div>
    </Card>
  );
}

/** Those that the browser knows, and the account's own, which may bear an older name. */
function zonesWith(zone: string) {
  return [...new Set([zone, ...Intl.supportedValuesOf("timeZone")])].sort().map((id) => ({ id, text: zoneName(id) }));
}

const zoneName = (zone: string) => zone.replaceAll("_", " ");
