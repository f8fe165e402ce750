// Line drawings on a 24-unit grid. Always decoration: the word beside an icon carries the meaning.
import type { ReactNode } from "react";
import type { DeviceType } from "~/lib/api-types";
import styles from "./icon.module.css";

const SHAPES = {
  devices: <><rect x="3" y="5" width="12" height="14" rx="2" /><path d="M7 15h4" /><rect x="17" y="9" width="4" height="10" rx="1.2" /></>,
  cloud: <path d="M7 18.5h10a4 4 0 0 0 .7-7.94A6 6 0 0 0 6.2 9.7 4.5 4.5 0 0 0 7 18.5" />,
  people: <><circle cx="9" cy="8" r="3.5" /><path d="M2.5 20a6.5 6.5 0 0 1 13 0M16 5a3.5 3.5 0 0 1 0 6.5M18 14.5a6.5 6.5 0 0 1 3.5 5.5" /></>,
  settings: <><path d="M4 7h9M17 7h3M4 17h3M11 17h9" /><circle cx="15" cy="7" r="2" /><circle cx="9" cy="17" r="2" /></>,
  help: <><circle cx="12" cy="12" r="9" /><path d="M9.6 9.4a2.5 2.5 0 1 1 3.6 2.3c-.8.4-1.2 1-1.2 1.9" /><path d="M12 16.6v.1" /></>,
  plus: <path d="M12 5v14M5 12h14" />,
  back: <path d="M14.5 5.5 8 12l6.5 6.5" />,
  next: <path d="M9.5 5.5 16 12l-6.5 6.5" />,
  close: <path d="m6 6 12 12M18 6 6 18" />,
  check: <path d="m5 12.5 4.5 4.5L19 7.5" />,
  turn: <><path d="M19.5 12a7.5 7.5 0 1 1-2.4-5.5" /><path d="M19.8 3.6v3.9h-3.9" /></>,
  slash: <><circle cx="12" cy="12" r="8.5" /><path d="m6 18 12-12" /></>,
  warn: <><path d="M12 4 2.8 19.5h18.4z" /><path d="M12 10v4.5M12 17v.1" /></>,
  info: <><circle cx="12" cy="12" r="9" /><path d="M12 11v5.5M12 7.8v.1" /></>,
  search: <><circle cx="11" cy="11" r="6.5" /><path d="m16 16 4.5 4.5" /></>,
  hub: <><rect x="4" y="13" width="16" height="6" rx="2" /><path d="M7.5 16h.1M11 16h5M8.5 9.5a5 5 0 0 1 7 0M6 6.5a8.6 8.6 0 0 1 12 0" /></>,
  bluetooth: <path d="m7 8 10 8-5 4V4l5 4-10 8" />,
  flask: <><path d="M10 3.5h4M11 3.5v5.7L5.6 18a2 2 0 0 0 1.7 3h9.4a2 2 0 0 0 1.7-3L13 9.2V3.5" /><path d="M8 15h8" /></>,
  download: <><path d="M12 4v11M7.5 11 12 15.5 16.5 11" /><path d="M5 20h14" /></>,
  chart: <><path d="M4 4v16h16" /><path d="m7.5 14 3.5-4 3 2.5 5-6" /></>,
  table: <><rect x="3.5" y="5" width="17" height="14" rx="2" /><path d="M3.5 10h17M9.5 10v9" /></>,
  pencil: <><path d="m5 19 1-4L16.5 4.5a1.8 1.8 0 0 1 2.6 0l.4.4a1.8 1.8 0 0 1 0 2.6L9 18z" /><path d="m14.5 6.5 3 3" /></>,
  trash: <><path d="M5 7h14M9.5 7V4.5h5V7M7 7l.8 12.5h8.4L17 7" /></>,
  pulse: <path d="M3 12.5h4.5L9.8 6l4.4 12 2.3-5.5H21" />,
  lock: <><rect x="5" y="10.5" width="14" height="9.5" rx="2" /><path d="M8.5 10.5V8a3.5 3.5 0 0 1 7 0v2.5" /></>,
  eye: <><path d="M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12" /><circle cx="12" cy="12" r="2.8" /></>,
  offline: <><path d="M4 4l16 16M8.5 13.5a5 5 0 0 1 5.8-1M5.5 10.2A9 9 0 0 1 8.6 8M12.5 7.1a9 9 0 0 1 6 3.1M12 18v.1" /></>,

  blood_pressure_cuff: <><path d="M4 8.5C4 6.6 6.7 5 10 5s6 1.6 6 3.5v5c0 1.9-2.7 3.5-6 3.5s-6-1.6-6-3.5z" /><path d="M4 8.5C4 10.4 6.7 12 10 12s6-1.6 6-3.5" /><path d="M13 16.5V18a2 2 0 0 0 4 0" /><circle cx="18.5" cy="15.5" r="2.3" /></>,
  scale: <><rect x="4" y="4" width="16" height="16" rx="3" /><path d="M8.5 10.5a4.3 4.3 0 0 1 7 0z" /><path d="m12 10.5 1-2.2" /></>,
  cgm: <><circle cx="12" cy="12" r="8" /><circle cx="12" cy="12" r="2.5" /><path d="M12 4v2M12 18v2M4 12h2M18 12h2" /></>,
  glucose_meter: <><path d="M10 3.5S4.5 9.6 4.5 13.5a5.5 5.5 0 0 0 11 0C15.5 9.6 10 3.5 10 3.5" /><path d="M16.5 8h4v11h-3.2" /><path d="M8 14a2.2 2.2 0 0 0 2 2.2" /></>,
  pulse_oximeter: <><path d="M3.5 10.5h10.5a4 4 0 0 1 4 4v0" /><path d="M3.5 8V6.5a2 2 0 0 1 2-2H15a5.5 5.5 0 0 1 5.5 5.5v4.5a5 5 0 0 1-5 5h-10a2 2 0 0 1-2-2V16" /><path d="M3.5 13.5H12" /></>,
  thermometer: <><path d="M14 13.7V5.5a2.5 2.5 0 0 0-5 0v8.2a4.3 4.3 0 1 0 5 0" /><path d="M11.5 9v7" /><path d="M17 6h2.5M17 9.5h2.5" /></>,
  stethoscope: <><path d="M7 3.5H5v5.5a4.5 4.5 0 0 0 9 0V3.5h-2" /><path d="M9.5 13.5v2a4.5 4.5 0 0 0 9 0v-1.7" /><circle cx="18.5" cy="11.5" r="2.2" /></>,
  activity_tracker: <><path d="M8.5 7V3.5h7V7M8.5 17v3.5h7V17" /><rect x="7.5" y="7" width="9" height="10" rx="3" /><path d="M10.5 13v-1M13.5 13v-2.5" /></>,
  smart_watch: <><path d="M9 7.2 9.5 3.5h5l.5 3.7M9 16.8l.5 3.7h5l.5-3.7" /><circle cx="12" cy="12" r="5.5" /><path d="M12 9.5V12l1.8 1.2" /></>,
  heart_rate_monitor: <><path d="M12 20S4 15 4 9.3A4.3 4.3 0 0 1 12 7a4.3 4.3 0 0 1 8 2.3C20 15 12 20 12 20" /><path d="M7.5 11.5h2.2l1.3-2 2 4 1.2-2h2.3" /></>,
  ecg: <><rect x="3" y="5" width="18" height="14" rx="2.5" /><path d="M6 12.5h3l1.5-4 3 7 1.5-3h3" /></>,
  spirometer: <><circle cx="9.5" cy="13.5" r="6" /><path d="M13.5 9 17 5.5l3.5 3-4.2 3.7" /><path d="M9.5 10.5v3l2 1.5" /></>,
  inhaler: <><path d="M8 9V4.5a1 1 0 0 1 1-1h5a1 1 0 0 1 1 1V9" /><path d="M7 9h9v6.5h4v5H10a3 3 0 0 1-3-3z" /><path d="M20 18h1.5" /></>,
} satisfies Record<string, ReactNode>;

export type IconName = keyof typeof SHAPES;

/** These point along the line of reading and turn with it. */
const POINTING: ReadonlySet<IconName> = new Set<IconName>(["back", "next"]);

export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return (
    <svg className={POINTING.has(name) ? `${styles.icon} ${styles.pointing}` : styles.icon} width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      {SHAPES[name]}
    </svg>
  );
}

/** A device's picture on a quiet round ground. */
export function DevicePicture({ type, size = 44 }: { type: DeviceType; size?: number }) {
  return (
    <span className={styles.picture} style={{ inlineSize: size, blockSize: size }}>
      <Icon name={type} size={Math.round(size * 0.58)} />
    </span>
  );
}

/** The product's mark. */
export function Mark({ size = 28 }: { size?: number }) {
  return (
    <svg className={styles.mark} width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="9" />
      <path d="M5.5 17h4.5l2.5-7 5 13 3-9 1.5 3h4.5" />
    </svg>
  );
}
