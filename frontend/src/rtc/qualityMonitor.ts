// Looks at a connection every two seconds and keeps what it found for whoever wants to know.

import { type Readable, Store } from '../lib/store';
import { compare, type Figures, judge, levelOf, type Reading, read, type Verdict } from './quality';

export interface Quality {
  verdict: Verdict['level'];
  figures: Figures;
}

export const SAMPLE_MS = 2_000;

interface MonitorOptions {
  /** Null while there is nothing to be looked at. */
  getStats: () => Promise<RTCStatsReport> | null;
  onLook: (figures: Figures) => void;
}

export class QualityMonitor {
  readonly #options: MonitorOptions;
  /** Null while nothing is known, as in the first seconds. */
  readonly #store = new Store<Quality | null>(null);
  readonly #timer: ReturnType<typeof setInterval>;
  #before: Reading | null = null;
  #verdict: Verdict | null = null;
  #isClosed = false;

  constructor(options: MonitorOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.#look(), SAMPLE_MS);
  }

  get quality(): Readable<Quality | null> {
    return this.#store;
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    const report = await this.#options.getStats()?.catch(() => null);
    if (this.#isClosed) return;
    const reading = report ? read(report.values()) : null;
    const before = this.#before;
    this.#before = reading;
    if (reading && before) this.#conclude(compare(before, reading));
    else this.#forget();
  }

  #conclude(figures: Figures): void {
    this.#verdict = judge(this.#verdict, levelOf(figures));
    this.#store.set({ verdict: this.#verdict.level, figures });
    this.#options.onLook(figures);
  }

  #forget(): void {
    this.#verdict = null;
    this.#store.set(null);
  }
}
