/** What a plot over time asks for: a stretch about the time bar's moment that moves in steps. */

import { place } from "./place.svelte";

export class Stretch {
  constructor(readonly longest: number) {}

  /** Days that the time bar spans, as far as they can be drawn. */
  get span(): number {
    return Math.min(place.span, this.longest);
  }

  /** Where it begins: in quarters of the span, so that play does not ask at every frame. */
  get first(): number {
    const step = this.span / 4;
    return Math.floor((place.mjd - this.span / 2) / step) * step;
  }

  get length(): number {
    return 1.25 * this.span;
  }

  get query(): string {
    return `start=mjd:${this.first}@tdb&stop=mjd:${this.first + this.length}@tdb`;
  }
}
