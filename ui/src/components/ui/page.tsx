// The frame of a page: its heading takes the focus after a step in the app, and names the document.
import { type ReactNode, useEffect, useRef } from "react";
import { useText } from "~/lib/text";
import styles from "./page.module.css";

interface PageProps {
  title: string;
  /** What the browser's tab says when the heading names a person's own thing. Never health information. */
  tab?: string;
  before?: ReactNode;
  beside?: ReactNode;
  under?: ReactNode;
  children: ReactNode;
}

/** False until the first page has been shown: the browser's own focus is right then. */
let shownBefore = false;

export function Page({ title, tab, before, beside, under, children }: PageProps) {
  const t = useText();
  const heading = useRef<HTMLHeadingElement>(null);
  const name = tab ?? title;

  useEffect(() => {
    document.title = `${name} · ${t("app.name")}`;
  }, [name, t]);

  useEffect(() => {
    if (shownBefore) heading.current?.focus({ preventScroll: true });
    shownBefore = true;
  }, []);

  return (
    <div className={styles.page}>
      {before}
      <header className={styles.header}>
        <div className={styles.titles}>
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {under}
        </div>
        {beside}
      </header>
      {children}
    </div>
  );
}
