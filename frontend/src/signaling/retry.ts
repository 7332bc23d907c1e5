// Retries after a randomised delay that doubles each time, so that the clients of a restarted
// server do not all reconnect at once.

import { type Readable, Store } from '../lib/store';

export interface Pace {
  minMs: number;
  maxMs: number;
}

export class Retry {
  readonly #nextAt = new Store<number | null>(null);
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #action: (() => void) | null = null;

  /** Time of the next try, in milliseconds of performance.now(); null while none is planned. */
  get nextAt(): Readable<number | null> {
    return this.#nextAt;
  }

  /** Plans a try after the next delay; replaces a planned one. */
  plan(action: () => void, { minMs, maxMs }: Pace, atLeastMs = 0): void {
    const doubled = Math.min(maxMs, minMs * 2 ** this.#failures);
    this.#failures += 1;
    this.planIn(Math.max(atLeastMs, doubled * (0.5 + Math.random())), action);
  }

  /**
   * Plans a try after exactly `delayMs`, which does not count as a failure; replaces a planned one.
   */
  planIn(delayMs: number, action: () => void): void {
    this.#action = action;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.now(), delayMs);
    this.#nextAt.set(performance.now() + delayMs);
  }

  /** Runs the planned try at once. */
  now(): void {
    const action = this.#action;
    this.cancel();
    action?.();
  }

  cancel(): void {
    clearTimeout(this.#timer);
    this.#action = null;
    this.#nextAt.set(null);
  }

  /** Resets the delay to the first one and cancels the planned try. */
  succeed(): void {
    this.#failures = 0;
    this.cancel();
  }
}
