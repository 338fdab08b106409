// Lithuanian of the sound, of what zones are used for, and of a track's files.
import type { Dictionary } from "./lang.ts";

export const LT_REST: Dictionary = {
  "Sound on": "Garsas įjungtas",
  "Sound off": "Garsas išjungtas",
  "Sound waits for a click": "Garsas laukia spustelėjimo",
  "Silenced until {t}": "Nutildyta iki {t}",
  "silenced until {t}": "nutildyta iki {t}",
  "Silence": "Nutildyti",
  "For two minutes, on this screen; it acknowledges nothing": "Dviem minutėms, tik šiame ekrane; nieko nepatvirtina",
  "A new Alarm sounds until somebody acknowledges it; switch off (B)":
    "Naujas pavojus skamba, kol kas nors jį patvirtina; išjungti (B)",
  "The browser lets nothing sound before a click or a key": "Naršyklė neleidžia garso, kol nespustelėta ir nepaspaustas joks klavišas",
  "Let a new Alarm sound on this screen (B)": "Įjungti naujo pavojaus garsą šiame ekrane (B)",
  "silenced for two minutes, not acknowledged": "nutildyta dviem minutėms, nepatvirtinta",
  "silence what sounds, for two minutes": "nutildyti tai, kas skamba, dviem minutėms",
  "sound of a new Alarm, on or off": "naujo pavojaus garsas: įjungti arba išjungti",
  "Only alerts in a zone": "Tik signalai zonoje",
  "All waters": "Visi vandenys",
  "In zone {name}": "Zonoje {name}",
  "The zone is not there now: all waters": "Tokios zonos dabar nėra: visi vandenys",
  "in the zone:": "zonoje:",
  "Export track": "Eksportuoti kelią",
  "every row as received, for a spreadsheet": "visos gautos eilutės, skaičiuoklei",
  "for a map; no line where nothing was received": "žemėlapiui; be linijos, kur nieko negauta",
  "for an earth viewer, with times": "Žemės peržiūros programai, su laikais",
  "for a chart plotter": "elektroninių jūrlapių programai",
  "every row as received, for analysis": "visos gautos eilutės, analizei",
  "That zone is not there any more.": "Tokios zonos nebėra.",
};
