// Which theme is on, and its colours for everything that is not CSS.
import { computed, effect, signal } from "@preact/signals";
import tokens from "./tokens.json";

export type ThemeName = keyof typeof tokens.themes;
export type Colours = (typeof tokens.themes)["dark"]["colours"];
export type ColourName = keyof Colours;

/** In the order in which the switch goes through them. A new theme is a new entry in tokens.json. */
export const THEMES = Object.keys(tokens.themes) as ThemeName[];
const KEY = "sargas.theme";

function stored(): ThemeName {
  try {
    const name = localStorage.getItem(KEY);
    return THEMES.find((theme) => theme === name) ?? "dark";
  } catch {
    return "dark"; // storage may be forbidden; the screen works without it
  }
}

export const theme = signal<ThemeName>(stored());
export const colours = computed<Colours>(() => tokens.themes[theme.value].colours);
export const trafficOpacity = computed(() => tokens.themes[theme.value].traffic_opacity);

export const themeLabel = (name: ThemeName): string => tokens.themes[name].label;

const themeAfter = (steps: number): ThemeName =>
  THEMES[(THEMES.indexOf(theme.value) + steps + THEMES.length) % THEMES.length]!;

export const nextTheme = (): ThemeName => themeAfter(1);

/** Goes on by one, or back by one: from any theme to any other without passing a bright one. */
export function switchTheme(steps: 1 | -1 = 1): void {
  theme.value = themeAfter(steps);
  try {
    localStorage.setItem(KEY, theme.value);
  } catch {
    // not remembered, but switched
  }
}

effect(() => {
  document.documentElement.dataset.theme = theme.value;
});

/** "#rrggbb" as three numbers from 0 to 1, for shaders. */
export function rgb(hex: string): [number, number, number] {
  const value = Number.parseInt(hex.slice(1), 16);
  return [(value >> 16) / 255, ((value >> 8) & 255) / 255, (value & 255) / 255];
}

/** "#rrggbb" with an opacity, for canvas and MapLibre. */
export function alpha(hex: string, opacity: number): string {
  const [red, green, blue] = rgb(hex).map((part) => Math.round(part * 255));
  return `rgba(${red}, ${green}, ${blue}, ${opacity})`;
}
