// What `vite.config.ts` decides when it builds. Replaced by its value, so that one build has nothing of the other.
interface ImportMetaEnv {
  /** "1" in the companion app's build. */
  readonly VITE_APP: string;
  /** The address of a server that this app is built for; empty = a person types it. */
  readonly VITE_SERVER: string;
}
