// Theme, text size and the language of the last reader: a choice kept in this browser, applied by attributes on the root. Holds nothing about health.
import { useSyncExternalStore } from "react";

export type Theme = "system" | "light" | "dark";
export type TextSize = "normal" | "large";

const listeners = new Set<() => void>();
const dark = globalThis.matchMedia?.("(prefers-color-scheme: dark)");

export function remember(key: string, value: string | null) {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // Blocked storage only means that the choice is forgotten on reload.
  }
}

export function remembered(key: string): string | undefined {
  try {
    return localStorage.getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}

function changed() {
  for (const listener of listeners) listener();
}

export function setTheme(theme: Theme) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  remember("theme", theme === "system" ? null : theme);
  changed();
}

export function setTextSize(size: TextSize) {
  if (size === "normal") delete document.documentElement.dataset.textSize;
  else document.documentElement.dataset.textSize = size;
  remember("text-size", size === "normal" ? null : size);
  changed();
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  dark?.addEventListener("change", listener);
  return () => {
    listeners.delete(listener);
    dark?.removeEventListener("change", listener);
  };
}

export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, () => (document.documentElement.dataset.theme as Theme | undefined) ?? "system");
}

export function useTextSize(): TextSize {
  return useSyncExternalStore(subscribe, () => (document.documentElement.dataset.textSize === "large" ? "large" : "normal"));
}

/** What is on screen now, for canvases that must be drawn again when it changes. */
export function useAppearance(): string {
  return useSyncExternalStore(subscribe, () => {
    const { theme, textSize } = document.documentElement.dataset;
    return `${theme ?? (dark?.matches ? "dark" : "light")}/${textSize ?? "normal"}`;
  });
}
