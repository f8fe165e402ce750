// The app's proof of who is signed in, in the key store of the system: never in a cookie, a file, a backup or a log.
import { KeychainAccess, SecureStorage } from "@aparajita/capacitor-secure-storage";

const NAME = "bearer";

/** Only while the phone is unlocked, and never on another phone. */
export async function keepToken(token: string): Promise<void> {
  await SecureStorage.set(NAME, token, false, false, KeychainAccess.whenUnlockedThisDeviceOnly);
}

export async function tokenKept(): Promise<string | null> {
  const token = await SecureStorage.get(NAME, false, false);
  return typeof token === "string" && token !== "" ? token : null;
}

export async function dropToken(): Promise<void> {
  await SecureStorage.remove(NAME, false);
}
