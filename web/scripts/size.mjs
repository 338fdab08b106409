// What a browser loads before it draws: all JavaScript and CSS, gzipped. Fails above the budget.
import { readFileSync, readdirSync } from "node:fs";
import { gzipSync } from "node:zlib";

const BUDGET_KB = 520;
/** Fetched when first asked for; the watch draws without them. */
const LATER = new Set(["dossier-page.js", "dossier-page.css"]);
const folder = new URL(
  process.argv[2] ? `file://${process.argv[2]}/` : "../../src/sargas/web/static/",
  import.meta.url,
);
let total = 0;
for (const name of readdirSync(folder).filter((file) => /\.(js|css)$/.test(file)).sort()) {
  const bytes = gzipSync(readFileSync(new URL(name, folder)), { level: 9 }).length;
  if (!LATER.has(name)) total += bytes;
  console.log(`${(bytes / 1000).toFixed(1).padStart(8)} kB  ${name}${LATER.has(name) ? " (later, not counted)" : ""}`);
}
console.log(`${(total / 1000).toFixed(1).padStart(8)} kB  of ${BUDGET_KB} kB, gzip -9, JS + CSS`);
if (total > BUDGET_KB * 1000) {
  console.error("over the budget");
  process.exit(1);
}
