/** Growing pauses between attempts, spread so that many desks do not return at once. */
export class Backoff {
  #attempt = 0;
  #first;
  #longest;

  /**
   * @param {number} first the first pause, in milliseconds
   * @param {number} longest no pause is longer, in milliseconds
   */
  constructor(first, longest) {
    this.#first = first;
    this.#longest = longest;
  }

  /** @returns {number} how long to wait before the next attempt, in milliseconds */
  next() {
    const pause = Math.min(this.#longest, this.#first * 2 ** this.#attempt);
    this.#attempt += 1;
    return pause * (0.75 + Math.random() * 0.5);
  }

  reset() {
    this.#attempt = 0;
  }
}
