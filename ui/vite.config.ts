/// <reference types="vitest/config" />
// Build, development server and tests. No inlined assets and no preload polyfill: the policy is script-src 'self'.
import react from "@vitejs/plugin-react";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { compiledMessages } from "./build-tools/messages.ts";

/**
 * What the first page is made of comes as one file. Left alone, each of these is a file of its own as soon as a later page
 * uses it too, and twenty small files compress worse than one.
 */
const FIRST = [
  /src\/lib\/(api|clock|connections|keys|kinds|live|me|problem|session|session-context|text|theme|time|units)\.tsx?$/,
  /src\/components\/ui\/(age|badge|battery|button|card|icon|live-mark|notice|page|say|skeleton|status-badge|status-reason)\./,
  /src\/features\/devices\/(order\.|components\/device-(card|list)\.)/,
];

/** What every page that shows a value has: one file for the same reason. */
const VALUES = [/src\/lib\/(readings|merge|metrics|kind-views)\.ts$/, /src\/generated\/metrics\.json$/];

/** What the chart of the screen shares with them: it needs nothing else of theirs. */
const PLACE = [/src\/components\/chart\/place\.ts$/];

/** What a chart, its table and the report on paper tell of a device's readings. */
const TOLD = [/src\/features\/readings\/(also|daily|describe|floor|marks|parts|table|trend|use-also|use-trend|api\/(also|ranges|weight-trend))\.ts$/, /src\/features\/readings\/components\/(chart-panel\.module|in-range|legend)/];

/** Days as people count them: charts ask, and so do the pages with a date to fill in. */
const DAYS = [/src\/lib\/days\.ts$/];

/** What an account and a file with a history have in common. */
const BROUGHT = [/src\/components\/ui\/progress\./, /src\/lib\/through-health\.ts$/];

const groups = Object.entries({ first: FIRST, values: VALUES, place: PLACE, days: DAYS, told: TOLD, brought: BROUGHT }).map(([name, tests]) => ({ name, test: (id: string) => tests.some((one) => one.test(id)) }));

/** The first page names every file that a later one needs, and a hash does not compress: seven letters are the least that the bundler takes. */
const NAME = "assets/[name]-[hash:7]";
const names = { entryFileNames: `${NAME}.js`, chunkFileNames: `${NAME}.js`, assetFileNames: `${NAME}[extname]` };

const gateway = process.env.DC_GATEWAY ?? "http://localhost:8080";

/** The companion app is a build of its own: what only one of the two needs is not in the other. */
const isApp = process.env.VITE_APP === "1";
const appPage = {
  name: "app-page",
  transformIndexHtml: { order: "pre" as const, handler: (html: string) => html.replace("/src/main.tsx", "/src/main-app.tsx") },
};

export default defineConfig({
  plugins: [react(), compiledMessages(), ...(isApp ? [appPage] : [])],
  define: { "import.meta.env.VITE_APP": JSON.stringify(isApp ? "1" : ""), "import.meta.env.VITE_SERVER": JSON.stringify(process.env.DC_SERVER ?? "") },
  resolve: { alias: { "~": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    target: "es2022",
    outDir: isApp ? "dist-app" : "dist",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    rolldownOptions: { output: { codeSplitting: { groups }, ...names } },
  },
  server: {
    port: 5173,
    proxy: {
      "/api": gateway,
      "/auth": gateway,
      "/ws": { target: gateway, ws: true },
    },
  },
  test: {
    environment: "jsdom",
    environmentOptions: { jsdom: { url: "http://localhost:8080" } },
    setupFiles: ["src/testing/setup.ts"],
    css: { modules: { classNameStrategy: "non-scoped" } },
    restoreMocks: true,
    testTimeout: 30_000,
    // Left alone it keeps a core for a person who watches.
    maxWorkers: "100%",
  },
});
