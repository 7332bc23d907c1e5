// Recovers a call that makes no progress although every participant is connected, such as after a
// lost signal. The interval between attempts doubles while they do not help.

/** Interval between two checks. A signal's round trip takes a fraction of it. */
export const STALL_CHECK_MS = 5_000;

/** Stalled checks in a row before an attempt. More than one: the call may have just begun. */
const MIN_STALLED_CHECKS = 2;
const MAX_STALLED_CHECKS = 12;

interface StallDetectorOptions {
  isStalled: () => boolean;
  recover: () => void;
}

export class StallDetector {
  readonly #options: StallDetectorOptions;
  readonly #timer: ReturnType<typeof setInterval>;
  #stalledChecks = 0;
  #requiredChecks = MIN_STALLED_CHECKS;

  constructor(options: StallDetectorOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#check(), STALL_CHECK_MS);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #check(): void {
    if (!this.#options.isStalled()) {
      this.#stalledChecks = 0;
      this.#requiredChecks = MIN_STALLED_CHECKS;
      return;
    }
    this.#stalledChecks += 1;
    if (this.#stalledChecks < this.#requiredChecks) return;
    this.#stalledChecks = 0;
    this.#requiredChecks = Math.min(this.#requiredChecks * 2, MAX_STALLED_CHECKS);
    this.#options.recover();
  }
}
