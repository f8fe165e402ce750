// The companion app: this same UI in a shell. What native code reads of it is copied into ui/android and ui/ios by `make companion`.
import type { CapacitorConfig } from "@capacitor/cli";

const config: CapacitorConfig = {
  appId: "org.deviceconnect.companion",
  appName: "Device Connect",
  webDir: "dist-app",
  // Values of the person must not reach the logs of the phone.
  loggingBehavior: "none",
  server: { androidScheme: "https", hostname: "localhost" },
  android: { allowMixedContent: false, webContentsDebuggingEnabled: false },
  ios: { webContentsDebuggingEnabled: false, limitsNavigationsToAppBoundDomains: false },
};

export default config;
