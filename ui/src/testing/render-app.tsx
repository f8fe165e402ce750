// Renders the whole app at an address, as a browser would open it.
import { render } from "@testing-library/react";
import { vi } from "vitest";
import { App, createApp } from "~/app/app";

export function openApp(path: string, { signedIn = true, go }: { signedIn?: boolean; go?: (address: string) => void } = {}) {
  // __Host- cookies exist on secure origins only; the test's document stands in for one.
  vi.spyOn(document, "cookie", "get").mockReturnValue(signedIn ? "__Host-csrf=csrf-1" : "");
  history.replaceState(null, "", path);
  const parts = createApp(go);
  return { ...render(<App {...parts} />), ...parts };
}
