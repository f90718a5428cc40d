/** Light, dark, or as the system has it. */

export type Theme = "system" | "light" | "dark";

const KEY = "perilune-theme";

class Look {
  theme = $state<Theme>((localStorage.getItem(KEY) as Theme | null) ?? "system");
  /** Counts changes, so that what draws by itself knows when to draw again. */
  version = $state(0);

  constructor() {
    this.#apply();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.version++);
  }

  next(): void {
    const order: Theme[] = ["system", "light", "dark"];
    this.theme = order[(order.indexOf(this.theme) + 1) % order.length] ?? "system";
    localStorage.setItem(KEY, this.theme);
    this.#apply();
    this.version++;
  }

  #apply(): void {
    const root = document.documentElement;
    root.style.colorScheme = this.theme === "system" ? "light dark" : this.theme;
  }
}

export const look = new Look();

/** A colour of the style sheet as the browser has resolved it. */
export function colour(name: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}
