// Tells when something has lasted too long.

export class Patience {
  readonly #limitMs: number;
  readonly #onLost: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isLost = false;

  constructor(limitMs: number, onLost: () => void) {
    this.#limitMs = limitMs;
    this.#onLost = onLost;
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  /** It has begun; does nothing when it is known to last already. */
  begin(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#isLost = true;
      this.#onLost();
    }, this.#limitMs);
  }

  /** It is over. */
  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isLost = false;
  }
}
