// Catches what got lost in ways nobody noticed: a call that stands still is helped, and helped less
// and less often while that does no good.

/** A signal's round trip takes a fraction of this, even on a bad connection. */
export const STALL_CHECK_MS = 5_000;

/** Once is not enough: the call may have begun a moment ago. */
const CHECKS_BEFORE_HELP = 2;
const MAX_CHECKS_BEFORE_HELP = 12;

interface StallWatchOptions {
  isStalled: () => boolean;
  help: () => void;
}

export class StallWatch {
  readonly #options: StallWatchOptions;
  readonly #timer: ReturnType<typeof setInterval>;
  #stalledChecks = 0;
  #checksBeforeHelp = CHECKS_BEFORE_HELP;

  constructor(options: StallWatchOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#check(), STALL_CHECK_MS);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #check(): void {
    if (!this.#options.isStalled()) {
      this.#stalledChecks = 0;
      this.#checksBeforeHelp = CHECKS_BEFORE_HELP;
      return;
    }
    this.#stalledChecks += 1;
    if (this.#stalledChecks < this.#checksBeforeHelp) return;
    this.#stalledChecks = 0;
    this.#checksBeforeHelp = Math.min(this.#checksBeforeHelp * 2, MAX_CHECKS_BEFORE_HELP);
    this.#options.help();
  }
}
