// When to try again: after a delay that doubles each time and has chance in it, so that the clients
// of a restarted server do not all come at once.

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

  /** When the next try is, in milliseconds of performance.now(); null when none is planned. */
  get nextAt(): Readable<number | null> {
    return this.#nextAt;
  }

  /** Plans a try, in place of one that was planned before. */
  plan(action: () => void, { minMs, maxMs }: Pace, atLeastMs = 0): void {
    const doubled = Math.min(maxMs, minMs * 2 ** this.#failures);
    this.#failures += 1;
    this.planIn(Math.max(atLeastMs, doubled * (0.5 + Math.random())), action);
  }

  /** Plans a try after exactly `delayMs`, which is no failure, in place of one that was planned before. */
  planIn(delayMs: number, action: () => void): void {
    this.#action = action;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.now(), delayMs);
    this.#nextAt.set(performance.now() + delayMs);
  }

  /** Does at once what was planned for later. */
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

  /** It worked: the next failure is the first again. */
  succeed(): void {
    this.#failures = 0;
    this.cancel();
  }
}
