// After the session: why it ended, that nothing is lost, and the way back to the same place.
import { useSearch } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { AnchorButton } from "~/components/ui/button";
import { Icon, Mark } from "~/components/ui/icon";
import { Page } from "~/components/ui/page";
import { signInUrl } from "~/lib/session";
import { useText, type MessageId } from "~/lib/text";
import { wordsAreHere } from "~/lib/words";
import styles from "./plain.module.css";

const AppSignIn = /* @__PURE__ */ lazy(() => wordsAreHere(import("~/features/companion/components/app-sign-in")));

const WORDS: Record<"idle" | "ended" | "plain", [MessageId, MessageId]> = {
  idle: ["signedOut.idle.title", "signedOut.idle.text"],
  ended: ["signedOut.ended.title", "signedOut.ended.text"],
  plain: ["signedOut.title", "signedOut.text"],
};

export function SignedOutPage() {
  const t = useText();
  const { reason, next } = useSearch({ from: "/signed-out" });
  const [title, text] = WORDS[reason ?? "plain"];
  return (
    <div className={styles.outside}>
      <header className={styles.brand}>
        <Mark />
        {t("app.name")}
      </header>
      <main className={styles.plain}>
        <Page title={t(title)} before={<Icon name="lock" size={40} />}>
          {import.meta.env.VITE_APP && !reason ? null : <p className={styles.lead}>{t(text)}</p>}
          <div className={styles.actions}>
            {import.meta.env.VITE_APP ? (
              <Suspense>
                <AppSignIn next={next} text={t("signedOut.action")} isOut={!reason} />
              </Suspense>
            ) : (
              <AnchorButton look="primary" href={signInUrl(next)}>
                {t("signedOut.action")}
              </AnchorButton>
            )}
          </div>
        </Page>
      </main>
    </div>
  );
}
