// Received items in order. Unlike with one-shot listeners, no item is lost between two waits.

import { inspect } from 'node:util';
import { within } from './deadline.mjs';

/** @template T */
export class Inbox {
  /** All received items, taken or not. @type {T[]} */
  all = [];
  /** @type {T[]} */
  #untaken = [];
  /** @type {Set<() => void>} */
  #waiting = new Set();

  /** @param {T} item */
  put(item) {
    this.all.push(item);
    this.#untaken.push(item);
    for (const retry of [...this.#waiting]) retry();
  }

  /**
   * Takes the earliest item that `matches`; waits until there is one.
   *
   * @param {(item: T) => boolean} matches
   * @param {string} what names the item in the error message
   * @returns {Promise<T>}
   */
  async take(matches, what) {
    let retry;
    const found = new Promise((resolve) => {
      retry = () => {
        const position = this.#untaken.findIndex(matches);
        if (position < 0) return;
        this.#waiting.delete(retry);
        resolve(this.#untaken.splice(position, 1)[0]);
      };
      this.#waiting.add(retry);
      retry();
    });
    try {
      return await within(found, () => `${what}; arrived so far: ${summary(this.all)}`);
    } finally {
      this.#waiting.delete(retry);
    }
  }

  /** Takes the next item. */
  next(what = 'anything') {
    return this.take(() => true, what);
  }
}

function summary(items) {
  return inspect(items.slice(-20), { depth: 3, breakLength: 120, maxStringLength: 200 });
}
