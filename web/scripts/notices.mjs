// Licence texts of the packages that end up in the built client, in one file.
import { existsSync, readFileSync, readdirSync } from "node:fs";

/** Packages of the lock file that are shipped: everything but what is only needed to build. */
function shipped(root) {
  const lock = JSON.parse(readFileSync(new URL("package-lock.json", root), "utf8"));
  return Object.entries(lock.packages)
    .filter(([path, entry]) => path !== "" && !entry.dev && !entry.optional && !entry.peer)
    .map(([path]) => path)
    .sort();
}

/**
 * One text: name, version and licence of each package, then its licence file.
 * @param {URL} root the folder that holds package-lock.json, with a slash at its end
 */
export function thirdPartyNotices(root) {
  const parts = [
    "The screen of sargas is built from these packages. Each stands under its own licence.\n",
  ];
  for (const path of shipped(root)) {
    const folder = new URL(`${path}/`, root);
    const file = new URL("package.json", folder);
    if (!existsSync(file)) continue; // types only, or not for this platform
    const { name, version, license } = JSON.parse(readFileSync(file, "utf8"));
    if (name.startsWith("@types/")) continue;
    const texts = readdirSync(folder).filter((entry) => /^(licen[cs]e|notice|ofl)/i.test(entry)).sort();
    const body = texts.map((entry) => readFileSync(new URL(entry, folder), "utf8").replaceAll("\r\n", "\n").trim());
    parts.push(
      `${"=".repeat(78)}\n${name} ${version} · ${license ?? "see below"}\n${"=".repeat(78)}\n` +
        `${body.length ? body.join("\n\n") : "(the package holds no licence file; the licence is the one named above)"}\n`,
    );
  }
  return parts.join("\n");
}
