/** Where the reader is: the view and the time. Both stand in the address. */

import { isoMinute, mjdFromUtcText, now } from "./time";

/** What the time bar can span, days. */
export const SPANS: readonly (readonly [number, string])[] = [
  [4, "4 days"],
  [30, "month"],
  [366, "year"],
  [3653, "10 years"],
  [7305, "20 years"],
  [36525, "100 years"],
];
const USUAL = 7305;
const FIRST = -100_000;
const LAST = 260_000;

export interface Mark {
  mjd: number;
  label: string;
  body: "earth" | "moon";
  isImpact: boolean;
}

class Place {
  path = $state(location.pathname);
  mjd = $state(now());
  /** Middle of the time bar; the time moves across it. */
  middle = $state(now());
  span = $state(USUAL);
  playing = $state(false);
  /** Which encounter the object's view shows: "moon@63588.63". */
  encounter = $state("");
  marks = $state<Mark[]>([]);

  constructor() {
    this.#read();
    addEventListener("popstate", () => this.#read());
  }

  go(path: string): void {
    this.marks = [];
    this.encounter = "";
    history.pushState(null, "", path + this.#query());
    this.path = location.pathname;
    scrollTo(0, 0);
  }

  /** Set the time; the bar follows where it would leave it. */
  at(mjd: number, span = this.span): void {
    this.mjd = Math.min(Math.max(mjd, FIRST), LAST);
    if (span !== this.span) {
      this.span = span;
      this.middle = this.mjd;
    } else if (Math.abs(this.mjd - this.middle) > this.span / 2) {
      this.middle = this.mjd;
    }
  }

  /** Keep the address in step; called by the shell whenever something changed. */
  write(): void {
    history.replaceState(null, "", this.path + this.#query());
  }

  #query(): string {
    const query = new URLSearchParams();
    query.set("t", isoMinute(this.mjd));
    query.set("span", String(this.span));
    if (this.encounter) query.set("encounter", this.encounter);
    return `?${query.toString().replaceAll("%3A", ":").replaceAll("%40", "@")}`;
  }

  #read(): void {
    const query = new URLSearchParams(location.search);
    this.path = location.pathname;
    const asked = mjdFromUtcText(query.get("t") ?? "");
    this.mjd = Number.isFinite(asked) ? Math.min(Math.max(asked, FIRST), LAST) : now();
    this.middle = this.mjd;
    const span = Number(query.get("span"));
    this.span = SPANS.some(([days]) => days === span) ? span : USUAL;
    this.encounter = query.get("encounter") ?? "";
  }
}

export const place = new Place();

/** For links: a click moves within the page, unless the reader wants another tab. */
export function follow(event: MouseEvent): void {
  const link = (event.target as Element).closest("a");
  const isPlain = !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0;
  if (!link || !isPlain || link.target || link.hasAttribute("download")) return;
  if (link.origin !== location.origin || link.pathname.startsWith("/v1")) return;
  event.preventDefault();
  place.go(link.pathname);
}

/** A part of the address as a text; as it stands where its escapes are damaged. */
export function unescaped(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function objectLink(name: string): string {
  return `/object/${name.split("/").map(encodeURIComponent).join("/")}`;
}
