// Watches for 15 minutes without a touch or a key, warns two minutes before, and tells the server when a page is in use.
import { useMutation } from "@tanstack/react-query";
import { lazy, Suspense, useCallback, useEffect, useRef, useState } from "react";
import { api, ask, watchContact } from "~/lib/api";
import { IDLE_MS, needsKeepAlive, sessionPhase, type SessionPhase } from "~/lib/session";
import { useSession } from "~/lib/session-context";
import { MINUTE } from "~/lib/time";
import { wordsAreHere } from "~/lib/words";
import { hearTabs, tellTabs } from "../tabs";
import { useSignOut } from "../use-sign-out";

const SessionWarning = lazy(() => wordsAreHere(import("./session-warning")));

const LOOK_MS = 1000;
const TELL_MS = 5000;

export default function SessionClock() {
  const session = useSession();
  const signOut = useSignOut();
  const [phase, setPhase] = useState<SessionPhase>("active");
  const [minutes, setMinutes] = useState(2);
  const usedAt = useRef(Number.POSITIVE_INFINITY);
  const contactAt = useRef(0);
  const toldAt = useRef(0);
  const { mutate: keepAlive } = useMutation({ mutationFn: () => ask(api.GET("/api/v1/me")) });

  const markUsed = useCallback(() => {
    const now = Date.now();
    usedAt.current = now;
    setPhase("active");
    if (now - toldAt.current > TELL_MS) {
      toldAt.current = now;
      tellTabs({ type: "used", at: now });
    }
    if (needsKeepAlive(now, contactAt.current, now)) {
      contactAt.current = now;
      keepAlive();
    }
  }, [keepAlive]);

  useEffect(() => {
    usedAt.current = Date.now();
    contactAt.current = Date.now();
    watchContact((status) => {
      if (status < 400) contactAt.current = Date.now();
    });
    // While the warning is open only its buttons count: a mouse that is pushed aside is no answer.
    const touched = () => {
      if (sessionPhase(usedAt.current, Date.now()) === "active") markUsed();
    };
    addEventListener("pointerdown", touched, { passive: true });
    addEventListener("keydown", touched, { passive: true });
    const silence = hearTabs((message) => {
      if (message.type === "signed-out") void session.end("signed-out");
      else usedAt.current = Math.max(usedAt.current, message.at);
    });
    return () => {
      watchContact(() => {});
      removeEventListener("pointerdown", touched);
      removeEventListener("keydown", touched);
      silence();
    };
  }, [session, markUsed]);

  const { mutate: leave } = useMutation({
    mutationFn: () => {
      session.expect("idle");
      return ask(api.POST("/auth/logout"));
    },
    onSettled: () => session.end("idle"),
  });

  useEffect(() => {
    const timer = setInterval(() => {
      const now = Date.now();
      const next = sessionPhase(usedAt.current, now);
      setPhase(next);
      setMinutes(Math.max(1, Math.ceil((usedAt.current + IDLE_MS - now) / MINUTE)));
      if (next === "over") {
        clearInterval(timer);
        leave();
      }
    }, LOOK_MS);
    return () => clearInterval(timer);
  }, [leave]);

  return (
    <Suspense>
      {phase === "warning" ? <SessionWarning minutes={minutes} onStay={markUsed} onSignOut={() => signOut.mutate()} /> : null}
    </Suspense>
  );
}
