// One-shot timer that remembers whether it has expired.

export class Timeout {
  readonly #durationMs: number;
  readonly #onExpired: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isExpired = false;

  constructor(durationMs: number, onExpired: () => void) {
    this.#durationMs = durationMs;
    this.#onExpired = onExpired;
  }

  /** True from the moment the timer fires until `cancel`. */
  get isExpired(): boolean {
    return this.#isExpired;
  }

  /** Starts the timer; does nothing while it runs or after it has expired. */
  start(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#isExpired = true;
      this.#onExpired();
    }, this.#durationMs);
  }

  /** Stops the timer and clears `isExpired`. */
  cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isExpired = false;
  }
}
