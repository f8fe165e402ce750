// What the browser loads, gzipped, against the budgets: the page with Device Center, then each route on top of it.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const DIST = "node_modules/.size";
const BUDGETS_KB = { first: 150, route: 40, chart: 30 };
const manifest = JSON.parse(readFileSync(`${DIST}/manifest.json`, "utf8"));
const kb = (files) =>
  [...files].reduce((sum, file) => sum + gzipSync(readFileSync(`${DIST}/${file}`), { level: 9 }).length, 0) / 1000;

/** Every file that a module needs before it runs. */
function filesOf(key, found = new Set()) {
  const { file, css = [], imports = [] } = manifest[key];
  if (found.has(file)) return found;
  found.add(file);
  for (const style of css) found.add(style);
  for (const other of imports) filesOf(other, found);
  return found;
}

const first = filesOf("index.html");
const rows = [["page and Device Center", kb(first), BUDGETS_KB.first]];
for (const [key, entry] of Object.entries(manifest)) {
  if (!entry.isDynamicEntry) continue;
  const more = [...filesOf(key)].filter((file) => !first.has(file));
  rows.push([key, kb(more), key.includes("/chart/") ? BUDGETS_KB.chart : BUDGETS_KB.route]);
}

for (const [name, size, budget] of rows) console.log(`${size > budget ? "✗" : " "} ${size.toFixed(1).padStart(6)} of ${budget} kB  ${name}`);
process.exit(rows.some(([, size, budget]) => size > budget) ? 1 : 0);
