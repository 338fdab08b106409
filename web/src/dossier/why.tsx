// Why it rang, what speaks against it, and under which circumstances.
import { AlertFacts, Fact } from "../evidence/facts.tsx";
import { Against, Context, noteText } from "../evidence/tool-rests.tsx";
import { NextAssets, WhyTable } from "../evidence/tables.tsx";
import { outside } from "../format/format.ts";
import { say } from "../lang/lang.ts";
import { assets } from "../state/state.ts";
import type { DossierAlert } from "./types.ts";

export function Why({ alert }: { alert: DossierAlert }) {
  return (
    <section class="why-rang" aria-labelledby="why-title">
      <h2 id="why-title">{say("Why it rang")}</h2>
      <p class="sentence"><bdi>{outside(alert.text)}</bdi></p>
      <AlertFacts alert={alert} />
      <WhyTable why={alert.why} />
      {alert.notes?.map((note, k) => <p key={k} class="dim"><bdi>{noteText(note)}</bdi></p>)}
    </section>
  );
}

const TOLD = new Set(["gnss", "coverage", "depth_m", "lists", "lists_version"]);

/** A word of the detector's; where it is the id of an asset, that asset's name. */
function word(text: string): string {
  const asset = assets.value?.features.find(({ properties }) => properties.id === text)?.properties;
  return outside(asset?.name ?? text);
}

function valueText(value: unknown): string {
  if (value === null || value === "") return say("unknown");
  if (Array.isArray(value)) return value.length === 0 ? say("none") : value.map(valueText).join(", ");
  if (typeof value === "object") return Object.entries(value as object).map(([name, part]) => `${name.replaceAll("_", " ")} ${valueText(part)}`).join(", ");
  return word(String(value));
}

/** What else the detector noted: its own words, as they came. */
function Noted({ context }: { context: DossierAlert["context"] }) {
  const rows = Object.entries(context).filter(([name]) => !TOLD.has(name));
  if (rows.length === 0) return null;
  return (
    <dl class="facts one-column">
      {rows.map(([name, value]) => {
        const words = name.replaceAll("_", " ");
        return <Fact key={name} name={words.charAt(0).toUpperCase() + words.slice(1)} wide><bdi>{valueText(value)}</bdi></Fact>;
      })}
    </dl>
  );
}

export function Circumstances({ alert }: { alert: DossierAlert }) {
  return (
    <section aria-labelledby="against-title">
      <h2 id="against-title">{say("What speaks against it")}</h2>
      <Against alert={alert} />
      <h3>{say("Context")}</h3>
      <Context alert={alert} />
      <Noted context={alert.context} />
      <p class="mutes">
        {alert.muted_by.length === 0 ? <span class="dim">{say("Nothing mutes it.")}</span> : <>{say("Muted by")} <bdi>{alert.muted_by.map(outside).join(", ")}</bdi></>}
      </p>
      {alert.next_assets.length > 0 ? <><h3>{say("Next on this course")}</h3><NextAssets list={alert.next_assets} hasMap={false} /></> : null}
    </section>
  );
}
