// What the browser loads for the first route, gzipped, against the budget. Reads dist/index.html and its preloads.
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const BUDGET_KB = 150;
const html = readFileSync("dist/index.html", "utf8");
const first = [...html.matchAll(/(?:src|href)="\/(assets\/[^"]+\.(?:js|css))"/g)].map((match) => match[1]);
const kb = (file) => gzipSync(readFileSync(`dist/${file}`), { level: 9 }).length / 1000;

let total = 0;
for (const file of first) {
  total += kb(file);
  console.log(`first  ${kb(file).toFixed(1).padStart(6)} kB  ${file}`);
}
for (const name of readdirSync("dist/assets").sort()) {
  const file = `assets/${name}`;
  if (/\.(js|css)$/.test(name) && !first.includes(file)) console.log(`lazy   ${kb(file).toFixed(1).padStart(6)} kB  ${file}`);
}
console.log(`entry ${total.toFixed(1)} kB gzip of ${BUDGET_KB}`);
process.exit(total > BUDGET_KB ? 1 : 0);
