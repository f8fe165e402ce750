// Whose Bluetooth is spoken here: the phone's in the companion app, else the browser's. The app's code waits until it is needed.
import type { Room } from "./room";
import { webRoom } from "./web-room";

interface Shell {
  isNativePlatform?: () => boolean;
}

/** The shell puts this in place before the page begins. */
export function isInApp(around: { Capacitor?: Shell } = globalThis as { Capacitor?: Shell }): boolean {
  return around.Capacitor?.isNativePlatform?.() === true;
}

const native = async () => (await import("./native-room")).nativeRoom;

const appRoom: Room = {
  whyNot: async () => (await native()).whyNot(),
  choose: async (wanted) => (await native()).choose(wanted),
};

export const roomHere = (): Room => (isInApp() ? appRoom : webRoom);
