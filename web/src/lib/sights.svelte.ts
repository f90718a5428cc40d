/** Who sees whom at the time bar's moment. */

import { get } from "./api";
import { place } from "./place.svelte";
import { isoMinute } from "./time";

export interface Link {
  a: string;
  b: string;
  visible_fraction: number;
  passes: number;
  longest_gap_h: number;
  data_rate_mbit_s: number | null;
  data_volume_gbit_day: number | null;
  return_rate_mbit_s: number | null;
  return_volume_gbit_day: number | null;
  via: string[];
}

const MINUTES = 2;
const REST_MS = 120;

/** One request at a time, and then the latest wish: the bar may sweep over centuries. */
export class Sights {
  #seen = $state.raw<ReadonlySet<string>>(new Set());
  #at = $state(NaN);
  #isBusy = false;
  #wish = NaN;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly station: string) {}

  /** Whether two elements see each other; null where it is not known for this moment. */
  sees(a: string, b: string): boolean | null {
    const minute = Math.round(place.mjd * 1440);
    if (minute !== this.#at) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => void this.#ask(minute), REST_MS);
    }
    if (!(Math.abs(this.#at - minute) <= MINUTES)) return null;
    return this.#seen.has(`${a} ${b}`) || this.#seen.has(`${b} ${a}`);
  }

  async #ask(minute: number): Promise<void> {
    this.#wish = minute;
    if (this.#isBusy) return;
    this.#isBusy = true;
    let at = NaN;
    while (at !== this.#wish) {
      at = this.#wish;
      try {
        const mjd = at / 1440;
        const span = `start=${isoMinute(mjd)}&stop=${isoMinute(mjd + MINUTES / 1440)}`;
        const { data } = await get<Link[]>(`/v1/station/${this.station}/links?${span}`);
        this.#seen = new Set(
          data.filter((link) => link.visible_fraction > 0.5 && !link.via.length).map(({ a, b }) => `${a} ${b}`),
        );
        this.#at = at;
      } catch {
        this.#seen = new Set();
      }
    }
    this.#isBusy = false;
  }
}
