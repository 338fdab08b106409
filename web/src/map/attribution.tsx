// Who made the data: always visible, built from what the service names.
import { assets, status } from "../state/state.ts";

export function attributionTexts(own: readonly string[], ofAssets: readonly string[] | string | undefined): string[] {
  const list = typeof ofAssets === "string" ? [ofAssets] : (ofAssets ?? []);
  return [...new Set([...own, ...list].map((text) => text.trim()).filter(Boolean))];
}

export function Attribution() {
  const texts = attributionTexts(status.value?.attribution ?? [], assets.value?.attribution);
  return (
    <p class="attribution" title={texts.join(" · ")}>
      {texts.length > 0 ? texts.join(" · ") : "Data sources not yet read."}
    </p>
  );
}
