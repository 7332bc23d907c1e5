// ICE servers of a call, refreshed before their credentials expire: an ICE restart later in the
// call needs valid ones.

import { settledWithin } from '../../lib/settled';
import type { IceServers } from '../../signaling/iceServers';

/** Share of the credentials' lifetime after which they are refreshed. */
export const REFRESH_AT = 0.8;

/** Delay after a failed refresh. The known servers may still be valid meanwhile. */
export const REFRESH_RETRY_MS = 10_000;

/** Maximum time that an ICE restart waits for fresh servers. */
export const FETCH_LIMIT_MS = 3_000;

/** Maximum delay of a browser timer. */
const MAX_TIMER_MS = 2 ** 31 - 1;

interface IceServerCacheOptions {
  fetch: () => Promise<IceServers>;
  /** Called with every update, which takes effect at the next gathering. */
  onChange: () => void;
}

export class IceServerCache {
  readonly #options: IceServerCacheOptions;
  #known: IceServers = { servers: [], expiresAt: null, turnUrls: [] };
  #fetching: Promise<void> | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  constructor(options: IceServerCacheOptions) {
    this.#options = options;
  }

  get current(): RTCIceServer[] {
    return this.#known.servers;
  }

  /** True if the server offers a TURN relay. */
  get hasRelay(): boolean {
    return this.#known.turnUrls.length > 0;
  }

  /** Stores servers from a join or a refresh. */
  update(servers: IceServers): void {
    if (this.#isClosed) return;
    this.#known = servers;
    this.#planRefresh();
    this.#options.onChange();
  }

  /** Servers after a refresh; the known ones if it fails or exceeds `FETCH_LIMIT_MS`. */
  async fresh(): Promise<RTCIceServer[]> {
    // Servers without credentials do not expire.
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
      .then((servers) => this.update(servers))
      .catch(() => {
        if (!this.#isClosed) this.#refreshIn(REFRESH_RETRY_MS);
      })
      .finally(() => {
        this.#fetching = null;
      });
    return this.#fetching;
  }
}
