/** The Sun and the Earth over the Moon at the time bar's time, from tables of a month each. */

import { get } from "./api";
import { minus, plus, scaled, type Vec } from "./kepler";
import type { Sky } from "./station";

const PIECE_D = 32;
const STEP_D = 0.25;

export class MoonSky {
  #table = $state.raw<Sky | null>(null);
  #asked = false;
  #wanted = NaN;

  constructor(readonly station: string) {}

  /** Places in the Moon's axes, km; null until the table is here. */
  at(mjd: number): { sun: Vec; earth: Vec } | null {
    const piece = Math.floor(mjd / PIECE_D);
    const table = this.#table;
    if (!table || Math.floor((table.epochs_mjd_tdb[0]! + STEP_D) / PIECE_D) !== piece) {
      queueMicrotask(() => void this.#fetch(piece));
    }
    if (!table) return null;
    const epochs = table.epochs_mjd_tdb;
    const x = Math.min(Math.max((mjd - epochs[0]!) / STEP_D, 0), epochs.length - 1.001);
    const k = Math.floor(x);
    const mix = (rows: Vec[]): Vec =>
      plus(rows[k]!, scaled(minus(rows[k + 1]!, rows[k]!), x - k));
    return { sun: mix(table.sun_km), earth: mix(table.earth_km) };
  }

  /** One request at a time, and then the latest wish: the bar may sweep over centuries. */
  async #fetch(piece: number): Promise<void> {
    this.#wanted = piece;
    if (this.#asked) return;
    this.#asked = true;
    try {
      let got = NaN;
      while (got !== this.#wanted) {
        got = this.#wanted;
        const first = got * PIECE_D;
        const span = `start=mjd:${first}@tdb&stop=mjd:${first + PIECE_D + 1}@tdb&step_d=${STEP_D}`;
        this.#table = (await get<Sky>(`/v1/station/${this.station}/sky?${span}`)).data;
      }
    } catch {
      this.#table = null;
    } finally {
      this.#asked = false;
    }
  }
}
