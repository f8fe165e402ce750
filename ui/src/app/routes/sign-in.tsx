// The front door. Signing in is a link to the identity provider, which keeps the password; this page never sees one.
import { useSearch } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { AnchorButton } from "~/components/ui/button";
import { Icon, Mark, type IconName } from "~/components/ui/icon";
import { Page } from "~/components/ui/page";
import { enSignIn } from "~/lib/messages/en-sign-in";
import { signInUrl } from "~/lib/session";
import { addMessages, useText, type MessageId } from "~/lib/text";
import { wordsAreHere } from "~/lib/words";
import styles from "./plain.module.css";

addMessages(enSignIn, "sign-in");

const AppSignIn = /* @__PURE__ */ lazy(() => wordsAreHere(import("~/features/companion/components/app-sign-in")));

const POINTS: [IconName, MessageId][] = [
  ["pulse", "signIn.point.live"],
  ["lock", "signIn.point.consent"],
  ["eye", "signIn.point.log"],
];

export function SignInPage() {
  const t = useText();
  const { next } = useSearch({ from: "/sign-in" });
  return (
    <div className={styles.outside}>
      <header className={styles.brand}>
        <Mark />
        {t("app.name")}
      </header>
      <main className={`${styles.plain} ${styles.hero}`}>
        <Page title={t("signIn.title")} tab={t("signIn.action")}>
          <p className={styles.lead}>{t("signIn.text")}</p>
          <ul className={styles.points}>
            {POINTS.map(([icon, text]) => (
              <li key={text}>
                <Icon name={icon} size={24} />
                {t(text)}
              </li>
            ))}
          </ul>
          <div className={styles.actions}>
            {import.meta.env.VITE_APP ? (
              <Suspense>
                <AppSignIn next={next} text={t("signIn.action")} />
              </Suspense>
            ) : (
              <AnchorButton look="primary" href={signInUrl(next)}>
                {t("signIn.action")}
              </AnchorButton>
            )}
          </div>
        </Page>
      </main>
    </div>
  );
}
