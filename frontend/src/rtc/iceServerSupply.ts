// The STUN and TURN servers of a call, kept fresh: their credentials end after a while, and who
// must find a new path after that needs new ones.

import { settledWithin } from '../lib/settled';
import type { IceServers } from '../signaling/iceServers';

/** Asked for again when so much of their life is over. */
export const REFRESH_AT = 0.8;

/** After a refresh that failed. What there is may be good for a while yet. */
export const REFRESH_RETRY_MS = 10_000;

/** Nobody who has lost the other one waits longer for better servers. */
export const FETCH_LIMIT_MS = 3_000;

/** What browsers can count up to in a timer. */
const MAX_TIMER_MS = 2 ** 31 - 1;

interface SupplyOptions {
  fetch: () => Promise<IceServers>;
  /** There are others now. They count from the next search for a path on. */
  onChange: () => void;
}

export class IceServerSupply {
  readonly #options: SupplyOptions;
  #known: IceServers = { servers: [], expiresAt: null, turnUrls: [] };
  #fetching: Promise<void> | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  constructor(options: SupplyOptions) {
    this.#options = options;
  }

  get current(): RTCIceServer[] {
    return this.#known.servers;
  }

  /** Whether there is a server that could carry what finds no direct way. */
  get hasRelay(): boolean {
    return this.#known.turnUrls.length > 0;
  }

  /** Takes what the server said, unasked or asked. */
  learn(servers: IceServers): void {
    if (this.#isClosed) return;
    this.#known = servers;
    this.#planRefresh();
    this.#options.onChange();
  }

  /** The newest there are to be had soon; those that are known where nothing better comes. */
  async fresh(): Promise<RTCIceServer[]> {
    // Without credentials nothing grows old.
    if (this.#known.expiresAt !== null) await settledWithin(this.#refresh(), FETCH_LIMIT_MS);
    return this.#known.servers;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #planRefresh(): void {
    const { expiresAt } = this.#known;
    if (expiresAt === null) clearTimeout(this.#timer);
    else this.#refreshIn(Math.max(0, (expiresAt - performance.now()) * REFRESH_AT));
  }

  #refreshIn(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#refresh(), Math.min(delayMs, MAX_TIMER_MS));
  }

  #refresh(): Promise<void> {
    this.#fetching ??= this.#options
      .fetch()
      .then((servers) => this.learn(servers))
      .catch(() => {
        if (!this.#isClosed) this.#refreshIn(REFRESH_RETRY_MS);
      })
      .finally(() => {
        this.#fetching = null;
      });
    return this.#fetching;
  }
}
