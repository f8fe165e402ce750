import { beforeEach, expect, test, vi } from "vitest";
import { dropToken, keepToken, tokenKept } from "./token-store";

const keychain = vi.hoisted(() => new Map<string, { value: unknown; access: unknown; sync: unknown }>());
vi.mock("@aparajita/capacitor-secure-storage", () => ({
  KeychainAccess: { whenUnlocked: 0, whenUnlockedThisDeviceOnly: 1 },
  SecureStorage: {
    set: (key: string, value: unknown, _dates: boolean, sync: boolean, access: number) => Promise.resolve(void keychain.set(key, { value, access, sync })),
    get: (key: string) => Promise.resolve(keychain.get(key)?.value ?? null),
    remove: (key: string) => Promise.resolve(keychain.delete(key)),
  },
}));

beforeEach(() => keychain.clear());

test("the token is kept for this phone alone, and nowhere a browser stores things", async () => {
  await keepToken("a-token");

  expect(await tokenKept()).toBe("a-token");
  expect([...keychain.values()]).toEqual([{ value: "a-token", access: 1, sync: false }]);
  expect(JSON.stringify({ ...localStorage, ...sessionStorage }) + document.cookie).not.toContain("a-token");
});

test("nothing is left after signing out", async () => {
  await keepToken("a-token");
  await dropToken();

  expect(await tokenKept()).toBeNull();
});
