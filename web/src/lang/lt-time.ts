// Lithuanian of the time bar.
import type { Dictionary } from "./lang.ts";

export const LT_TIME: Dictionary = {
  Playback: "Atkūrimas",
  Play: "Leisti",
  Pause: "Pristabdyti",
  Speed: "Greitis",
  "Part of the span shown": "Rodoma laikotarpio dalis",
  "Time in the span": "Laikas laikotarpyje",
  "Nothing to play back: no span of stored fixes.": "Nėra ką atkurti: nėra įrašytų padėčių laikotarpio.",
  "Waiting for the clock…": "Laukiama laikrodžio…",
  "nothing analysed yet": "dar nieko neišanalizuota",
  "analysed to": "išanalizuota iki",
  live: "tiesiogiai",
  "at the end": "pabaigoje",
  "{x} behind": "atsilieka {x}",
  Live: "Tiesiogiai",
  "Go to the newest analysed and stay with it": "Eiti į naujausią išanalizuotą laiką ir likti jame",
  "No alert before this time.": "Iki šio laiko signalų nėra.",
  "No alert after this time.": "Po šio laiko signalų nėra.",
  "When alerts arose: {n} parts of the span with any": {
    one: "Kada kilo signalai: {n} laikotarpio dalis, kurioje jų yra",
    few: "Kada kilo signalai: {n} laikotarpio dalys, kuriose jų yra",
    other: "Kada kilo signalai: {n} laikotarpio dalių, kuriose jų yra",
  },
  "one minute back": "minutę atgal",
  "one minute on": "minutę pirmyn",
  "to the alert before": "prie ankstesnio signalo",
  "to the alert after": "prie kito signalo",
  "to the newest analysed, and stay with it": "į naujausią išanalizuotą laiką, ir likti jame",
  "next theme": "kita išvaizda",
  "previous theme": "ankstesnė išvaizda",
};
