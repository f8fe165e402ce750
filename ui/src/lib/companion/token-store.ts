// What the app keeps in the key store of the system: the proof of who is signed in, and what else must outlive the app's
// process. Never in a cookie, a file, a backup or a log.
import { KeychainAccess, SecureStorage } from "@aparajita/capacitor-secure-storage";

/** Only while the phone is unlocked, and never on another phone. */
async function keep(name: string, text: string): Promise<void> {
  await SecureStorage.set(name, text, false, false, KeychainAccess.whenUnlockedThisDeviceOnly);
}

async function kept(name: string): Promise<string | null> {
  const text = await SecureStorage.get(name, false, false);
  return typeof text === "string" && text !== "" ? text : null;
}

async function drop(name: string): Promise<void> {
  await SecureStorage.remove(name, false);
}

export const keepToken = (token: string) => keep("bearer", token);
export const tokenKept = () => kept("bearer");
export const dropToken = () => drop("bearer");

export const keepServer = (origin: string) => keep("server", origin);
export const serverKept = () => kept("server");

/** A sign-in under way: the app may be closed while the person is in the browser. */
export interface Begun {
  verifier: string;
  next: string;
}

export const keepBegun = (begun: Begun) => keep("sign-in", JSON.stringify(begun));

export async function begunKept(): Promise<Begun | null> {
  const text = await kept("sign-in");
  return text === null ? null : (JSON.parse(text) as Begun);
}

export const dropBegun = () => drop("sign-in");

/** What this phone is called where it is paired: another name for each person who uses it, always the same for one. */
export async function phoneNameOf(userId: string): Promise<string> {
  const known = await kept(`phone/${userId}`);
  if (known) return known;
  const made = `phone-${crypto.randomUUID()}`;
  await keep(`phone/${userId}`, made);
  return made;
}

/** The connections that were paired on this very phone: another phone of the same person reads its own store. */
export async function pairedHere(): Promise<string[]> {
  return JSON.parse((await kept("paired")) ?? "[]") as string[];
}

export async function keepPaired(connectionId: string): Promise<void> {
  await keep("paired", JSON.stringify([...new Set([...(await pairedHere()), connectionId])]));
}
