// The words of the screen in the language chosen. English stands in the code, every other language
// in a file of its own beside this one: a new language is a new file and a new entry of LANGUAGES.
import { effect, signal } from "@preact/signals";

/** One text, or one for each plural form of the language (Intl.PluralRules). */
export type Entry = string | Partial<Record<Intl.LDMLPluralRule, string>>;
export type Dictionary = Readonly<Record<string, Entry>>;

interface Language {
  name: string;
  /** Fetched when first chosen. */
  load(): Promise<Dictionary>;
}

export const LANGUAGES = {
  en: { name: "English", load: async () => ({}) },
  lt: { name: "Lietuvių", load: async () => (await import("./lang-lt.ts")).LT },
} satisfies Record<string, Language>;

export type LanguageCode = keyof typeof LANGUAGES;
export const CODES = Object.keys(LANGUAGES) as LanguageCode[];
const KEY = "sargas.language";

function stored(): LanguageCode {
  try {
    return CODES.find((code) => code === localStorage.getItem(KEY)) ?? "en";
  } catch {
    return "en"; // storage may be forbidden; the screen works without it
  }
}

export const language = signal<LanguageCode>("en");
const dictionary = signal<Dictionary>({});

/** Switches once the words are there, so that no screen is half in one language. */
export async function speak(code: LanguageCode): Promise<void> {
  dictionary.value = await LANGUAGES[code].load();
  language.value = code;
  try {
    localStorage.setItem(KEY, code);
  } catch {
    // not remembered, but switched
  }
}

export const startLanguage = (): Promise<void> => {
  effect(() => {
    document.documentElement.lang = language.value;
  });
  return speak(stored());
};

type Values = Readonly<Record<string, string | number>>;

const filled = (text: string, values: Values | undefined): string =>
  values ? text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole)) : text;

/** A text of the screen; `{name}` stands for a value. The English is the key. */
export function say(english: string, values?: Values): string {
  const entry = dictionary.value[english];
  return filled(typeof entry === "string" ? entry : english, values);
}

/** A text with a number in it, `{n}`; the English of many is the key. */
export function sayCount(n: number, one: string, many: string, values?: Values): string {
  const entry = dictionary.value[many];
  const form = new Intl.PluralRules(language.value).select(n);
  const english = n === 1 ? one : many;
  const text = typeof entry === "object" ? (entry[form] ?? entry.other ?? english) : (entry ?? english);
  return filled(text, { n, ...values });
}
