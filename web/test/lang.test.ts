// Every text of the screen has its Lithuanian, with the same values in it and the plural forms.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { LT, PARTS } from "../src/lang/lang-lt.ts";

const SRC = join(import.meta.dirname, "../../src");
const files = (readdirSync(SRC, { recursive: true }) as string[])
  .filter((name) => /\.tsx?$/.test(name) && !name.startsWith("lang"))
  .map((name) => ({ name, text: readFileSync(join(SRC, name), "utf8") }));

const LITERAL = String.raw`"((?:[^"\\]|\\.)*)"`;
const unescaped = (literal: string): string => JSON.parse(`"${literal}"`) as string;

function found(): Map<string, string> {
  const texts = new Map<string, string>();
  for (const { name, text } of files) {
    for (const [, literal] of text.matchAll(new RegExp(String.raw`\bsay\(\s*${LITERAL}`, "g"))) texts.set(unescaped(literal!), name);
    for (const [, one, many] of text.matchAll(new RegExp(String.raw`\bsayCount\([^"]*?${LITERAL},\s*${LITERAL}`, "g"))) {
      texts.set(unescaped(many!), name);
      assert.ok(one);
    }
    if (name.endsWith("keys.ts")) {
      for (const [, literal] of text.matchAll(new RegExp(String.raw`\btext: ${LITERAL}`, "g"))) texts.set(unescaped(literal!), name);
    }
    if (name.endsWith("words.ts") && name.startsWith("format")) {
      for (const [, literal] of text.matchAll(new RegExp(String.raw`^\s+\w+: ${LITERAL},$`, "gm"))) texts.set(unescaped(literal!), name);
    }
  }
  return texts;
}

const values = (text: string): string => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort().join();

test("every text has its Lithuanian", () => {
  const texts = found();
  assert.ok(texts.size > 200, `only ${texts.size} texts were found: does the search still work?`);
  const missing = [...texts].filter(([text]) => !(text in LT)).map(([text, name]) => `${name}: ${text}`);
  assert.deepEqual(missing, []);
});

test("no text is translated twice", () => {
  const keys = PARTS.flatMap((part) => Object.keys(part));
  assert.deepEqual(keys.filter((key, at) => keys.indexOf(key) !== at), []);
});

test("the same values stand in both, and no plural form is missing", () => {
  for (const [english, entry] of Object.entries(LT)) {
    const forms = typeof entry === "string" ? [entry] : Object.values(entry);
    for (const form of forms) assert.equal(values(form), values(english), english);
    if (typeof entry !== "string") assert.deepEqual(Object.keys(entry).sort(), ["few", "one", "other"], english);
  }
});

test("no text stands in the markup in English by itself", () => {
  const markup = files.filter(({ name }) => name.endsWith(".tsx")).flatMap(({ name, text }) =>
    [...text.matchAll(/(?:aria-label|title|placeholder|alt)="([^"]*[a-z]{3}[^"]*)"|<\w+[^<>]*[^=<>]>([^<>{}()=;?|]*[a-z]{4}[^<>{}()=;?|]*)[<{]/g)]
      .map(([, attribute, child]) => `${name}: ${attribute ?? child}`));
  assert.deepEqual(markup, []);
});
