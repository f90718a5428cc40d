/** Who sees whom at the time bar's moment. */

import { place } from "./place.svelte";
import { Table } from "./table.svelte";
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

export class Sights {
  readonly #table = new Table<Link[]>();
  readonly #seen = $derived(
    new Set(
      this.#table.data
        ?.filter((link) => link.visible_fraction > 0.5 && !link.via.length)
        .map(({ a, b }) => `${a} ${b}`),
    ),
  );

  constructor(readonly station: string) {}

  /** Whether two elements see each other; null where it is not known for this moment. */
  sees(a: string, b: string): boolean | null {
    const minute = Math.round(place.mjd * 1440);
    this.#table.ask(this.#address(minute));
    const known = this.#table.answered;
    if (![0, 1, -1, 2, -2].some((off) => this.#address(minute + off) === known)) return null;
    return this.#seen.has(`${a} ${b}`) || this.#seen.has(`${b} ${a}`);
  }

  #address(minute: number): string {
    const mjd = minute / 1440;
    const span = `start=${isoMinute(mjd)}&stop=${isoMinute(mjd + MINUTES / 1440)}`;
    return `/v1/station/${this.station}/links?${span}`;
  }
}
