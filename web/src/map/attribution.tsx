// Who made the data: always visible, built from what the service names.
import { say } from "../lang/lang.ts";
import { assets, status } from "../state/state.ts";

/** Each credit once; "© A" is left out where "© A (licence)" stands. */
export function attributionTexts(own: readonly string[], ofAssets: readonly string[] | string | undefined): string[] {
  const list = typeof ofAssets === "string" ? [ofAssets] : (ofAssets ?? []);
  const texts = [...own, ...list].flatMap((text) => text.split(";")).map((text) => text.trim()).filter(Boolean);
  const once = [...new Set(texts)];
  return once.filter((text) => !once.some((other) => other !== text && other.startsWith(text)));
}

export function Attribution() {
  const texts = attributionTexts(status.value?.attribution ?? [], assets.value?.attribution);
  return (
    <p class="attribution" title={texts.join(" · ")}>
      {texts.length > 0 ? texts.join(" · ") : say("Data sources not yet read.")}
    </p>
  );
}
