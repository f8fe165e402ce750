// Closer, wider, earlier, later: what dragging and pinching do, for keys and for whoever does not drag.
import { useText } from "~/lib/text";
import { Button } from "../ui/button";
import { closer, isClosest, isWhole, moved, wider, type Window } from "./window";
import styles from "./time-chart.module.css";

const STEP = 0.8;

interface WindowBarProps {
  window: Window;
  whole: Window;
  onWindow: (window: Window) => void;
}

export function WindowBar({ window, whole, onWindow }: WindowBarProps) {
  const t = useText();
  const step = (window[1] - window[0]) * STEP;
  const all = isWhole(window, whole);
  return (
    <div className={styles.bar} role="group" aria-label={t("chart.window")}>
      <Button look="quiet" isDisabled={all || window[0] <= whole[0]} onPress={() => onWindow(moved(window, whole, -step))}>
        {t("chart.window.earlier")}
      </Button>
      <Button look="quiet" isDisabled={all || window[1] >= whole[1]} onPress={() => onWindow(moved(window, whole, step))}>
        {t("chart.window.later")}
      </Button>
      <Button look="quiet" isDisabled={isClosest(window)} onPress={() => onWindow(closer(window, whole))}>
        {t("chart.window.closer")}
      </Button>
      <Button look="quiet" isDisabled={all} onPress={() => onWindow(wider(window, whole))}>
        {t("chart.window.wider")}
      </Button>
    </div>
  );
}
