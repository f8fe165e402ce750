// The end of what is loaded: earlier rows come by themselves before it is reached, or on a press.
import { useEffect, useRef } from "react";
import { Button } from "~/components/ui/button";
import { useText } from "~/lib/text";
import styles from "./log.module.css";

interface MoreProps {
  hasMore: boolean;
  isLoading: boolean;
  onMore: () => void;
}

const AHEAD_PX = 1200;

export function More({ hasMore, isLoading, onMore }: MoreProps) {
  const t = useText();
  const mark = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!hasMore || isLoading || !mark.current || !("IntersectionObserver" in globalThis)) return;
    const watch = new IntersectionObserver(([entry]) => (entry?.isIntersecting ? onMore() : undefined), { rootMargin: `${AHEAD_PX}px` });
    watch.observe(mark.current);
    return () => watch.disconnect();
  }, [hasMore, isLoading, onMore]);
  return (
    <div ref={mark} className={styles.more}>
      {hasMore ? (
        <Button onPress={onMore} isDisabled={isLoading}>
          {t(isLoading ? "log.loading" : "log.earlier")}
        </Button>
      ) : (
        <p>{t("log.end")}</p>
      )}
    </div>
  );
}
