// Samples a connection's statistics every two seconds and publishes its quality.

import { type Readable, Store } from '../../lib/store';
import { type Level, levelOf, type SteadyLevel, steady } from './level';
import { type Metrics, metricsBetween, readSample, type Sample } from './statistics';

export interface Quality {
  level: Level;
  metrics: Metrics;
}

export const SAMPLE_MS = 2_000;

interface QualityMonitorOptions {
  /** Returns null while there is no connection to sample. */
  getStats: () => Promise<RTCStatsReport> | null;
  onSample: (metrics: Metrics) => void;
}

export class QualityMonitor {
  readonly #options: QualityMonitorOptions;
  /** Null before the second sample in a row. */
  readonly #store = new Store<Quality | null>(null);
  readonly #timer: ReturnType<typeof setInterval>;
  #before: Sample | null = null;
  #level: SteadyLevel | null = null;
  #isClosed = false;

  constructor(options: QualityMonitorOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.#sample(), SAMPLE_MS);
  }

  get quality(): Readable<Quality | null> {
    return this.#store;
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
  }

  async #sample(): Promise<void> {
    const report = await this.#options.getStats()?.catch(() => null);
    if (this.#isClosed) return;
    const sample = report ? readSample(report.values()) : null;
    const before = this.#before;
    this.#before = sample;
    if (sample && before) this.#update(metricsBetween(before, sample));
    else this.#reset();
  }

  #update(metrics: Metrics): void {
    this.#level = steady(this.#level, levelOf(metrics));
    this.#store.set({ level: this.#level.level, metrics });
    this.#options.onSample(metrics);
  }

  #reset(): void {
    this.#level = null;
    this.#store.set(null);
  }
}
