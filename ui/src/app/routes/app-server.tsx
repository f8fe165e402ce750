// Where is your Device Connect? Asked once; the address is kept only when Device Connect answers there.
import { useMutation } from "@tanstack/react-query";
import { useRouter, useSearch } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";
import { Button } from "~/components/ui/button";
import { Field } from "~/components/ui/field";
import { Mark } from "~/components/ui/icon";
import { Notice } from "~/components/ui/notice";
import { Page } from "~/components/ui/page";
import companion from "~/features/companion/components/companion.module.css";
import { serverHere, setServer } from "~/lib/companion/here";
import { lookAt, serverOf } from "~/lib/companion/server-address";
import { keepServer } from "~/lib/companion/token-store";
import { useOnline } from "~/lib/live";
import { enCompanion } from "~/lib/messages/en-companion";
import { safeNext } from "~/lib/session";
import { addMessages, useText } from "~/lib/text";
import styles from "./plain.module.css";

addMessages(enCompanion, "companion");

export function AppServerPage() {
  const t = useText();
  const router = useRouter();
  const isOnline = useOnline();
  const { next } = useSearch({ from: "/app/server" });
  const [typed, setTyped] = useState(() => serverHere() || (import.meta.env.VITE_SERVER ?? ""));
  const [isWrong, setWrong] = useState(false);
  const look = useMutation({
    mutationFn: async (origin: string) => {
      const answer = await lookAt(origin);
      if (answer === "ours") {
        await keepServer(origin);
        setServer(origin);
      }
      return answer;
    },
    onSuccess: (answer) => (answer === "ours" ? router.navigate({ to: "/sign-in", search: { next: safeNext(next) }, replace: true }) : undefined),
  });
  const go = (event: FormEvent) => {
    event.preventDefault();
    const origin = serverOf(typed);
    setWrong(origin === null);
    if (origin) look.mutate(origin);
  };

  return (
    <div className={styles.outside}>
      <header className={styles.brand}>
        <Mark />
        {t("app.name")}
      </header>
      <main className={styles.plain}>
        <Page title={t("companion.server.title")}>
          <p className={styles.lead}>{t("companion.server.text")}</p>
          <form className={`${companion.column} ${companion.plainLetters}`} onSubmit={go} noValidate>
            <Field
              label={t("companion.server.label")}
              value={typed}
              onChange={(text) => {
                setTyped(text);
                setWrong(false);
                look.reset();
              }}
              error={isWrong ? t("companion.server.wrong") : undefined}
              inputMode="url"
              autoCapitalize="none"
              autoCorrect="off"
              spellCheck="false"
              isDisabled={look.isPending}
            />
            {look.isError || (look.data && look.data !== "ours") ? (
              <Notice tone="warn" role="alert" title={t(look.data === "other" ? "companion.server.notOurs.title" : "companion.server.silent.title")}>
                <p>{t(look.data === "other" ? "companion.server.notOurs.text" : isOnline ? "companion.server.silent.text" : "companion.offline")}</p>
              </Notice>
            ) : null}
            <div>
              <Button look="primary" type="submit" isDisabled={look.isPending}>
                {t(look.isPending ? "companion.server.looking" : "companion.server.action")}
              </Button>
            </div>
          </form>
        </Page>
      </main>
    </div>
  );
}
