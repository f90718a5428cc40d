/** An answer that follows the time bar. */

import { get } from "./api";

const REST_MS = 200;

/** One request at a time, and then the latest wish: the bar may sweep over centuries. */
export class Table<T> {
  data = $state.raw<T | null>(null);
  error = $state<unknown>(null);
  /** The address that the data answer. */
  answered = $state("");
  #wish = "";
  #isBusy = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  ask(address: string): void {
    if (address === this.#wish) return;
    const isFirst = this.#wish === "";
    this.#wish = address;
    this.#timer ??= setTimeout(
      () => {
        this.#timer = undefined;
        void this.#serve();
      },
      isFirst ? 0 : REST_MS,
    );
  }

  async #serve(): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    let asked = "";
    while (asked !== this.#wish) {
      asked = this.#wish;
      try {
        const { data } = await get<T>(asked);
        [this.data, this.answered, this.error] = [data, asked, null];
      } catch (fault) {
        this.error = fault;
      }
    }
    this.#isBusy = false;
  }
}
