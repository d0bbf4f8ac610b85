import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";

const KEY = "pacing-theme";
const THEMES = ["auto", "light", "dark"] as const;
type Theme = (typeof THEMES)[number];

const theme = signal<Theme>(kept());

function kept(): Theme {
  try {
    return THEMES.find((each) => each === localStorage.getItem(KEY)) ?? "auto";
  } catch {
    return "auto"; // storage is switched off
  }
}

/** Colours as the reader chose them, else as their system has them. */
export function applyTheme(): void {
  document.documentElement.dataset.theme = theme.value;
}

/** The colours that are shown, as a key: who draws them on a canvas draws anew when it changes. */
export function useColours(): string {
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const [dark, change] = useState(system.matches);
  useEffect(() => {
    const changed = () => change(system.matches);
    system.addEventListener("change", changed);
    return () => system.removeEventListener("change", changed);
  }, []);
  return theme.value === "auto" ? `auto-${dark ? "dark" : "light"}` : theme.value;
}

/** Goes round the three choices. */
export function ThemeButton() {
  const next = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length] ?? "auto";
  const choose = () => {
    theme.value = next;
    try {
      localStorage.setItem(KEY, next);
    } catch {
      // it lasts as long as the page then
    }
    applyTheme();
  };
  return <button type="button" class="plain" onClick={choose} aria-label={`colours: ${theme.value}; change to ${next}`}>colours: {theme.value}</button>;
}
