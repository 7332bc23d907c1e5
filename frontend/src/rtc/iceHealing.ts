// Finds a new path when the old one is gone: at once when it has failed, after a moment when it may
// be a hiccup, and less and less often where there is none to be found.

import type { IceServerSupply } from './iceServerSupply';

/** Most interruptions heal by themselves within this time, and restarting costs a round trip. */
export const DISCONNECTED_GRACE_MS = 5_000;

/** Between two searches in vain; doubles each time, up to the second. */
export const RETRY_MIN_MS = 2_000;
export const RETRY_MAX_MS = 30_000;

/** A live path carries something within this time, if only the browser's own checks. */
export const PROBE_MS = 4_000;
const PROBE_STEP_MS = 500;

export class IceHealing {
  readonly #connection: RTCPeerConnection;
  readonly #servers: Pick<IceServerSupply, 'fresh'>;
  readonly #closing = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #searchesInVain = 0;
  #isPreparing = false;
  #isProbing = false;

  constructor(connection: RTCPeerConnection, servers: Pick<IceServerSupply, 'fresh'>) {
    this.#connection = connection;
    this.#servers = servers;
    connection.addEventListener('iceconnectionstatechange', () => this.#onState(), {
      signal: this.#closing.signal,
    });
  }

  /** True when something will happen without anybody's help. */
  get isUnderWay(): boolean {
    return this.#timer !== undefined || this.#isPreparing;
  }

  /** Looks for a new path, with the newest servers there are to be had. */
  async restart(): Promise<void> {
    if (this.#isPreparing) return;
    this.#isPreparing = true;
    const iceServers = await this.#servers.fresh();
    this.#isPreparing = false;
    if (this.#closing.signal.aborted) return;
    this.#connection.setConfiguration({ ...this.#connection.getConfiguration(), iceServers });
    this.#connection.restartIce();
  }

  /** Looks whether the path that is in use is alive, when there is reason to doubt it. */
  async probe(): Promise<void> {
    if (this.#isProbing || this.#isPreparing) return;
    this.#isProbing = true;
    const isAlive = await this.#hearsSomething();
    this.#isProbing = false;
    if (!isAlive && !this.#closing.signal.aborted) await this.restart();
  }

  close(): void {
    this.#closing.abort();
    this.#plan(null);
  }

  #onState(): void {
    switch (this.#connection.iceConnectionState) {
      case 'failed':
        this.#plan(this.#searchesInVain === 0 ? 0 : retryDelay(this.#searchesInVain));
        this.#searchesInVain += 1;
        break;
      case 'disconnected':
        this.#plan(DISCONNECTED_GRACE_MS);
        break;
      case 'connected':
      case 'completed':
        this.#searchesInVain = 0;
        this.#plan(null);
        break;
      default:
        this.#plan(null);
    }
  }

  #plan(delayMs: number | null): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (delayMs === null) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.restart();
    }, delayMs);
  }

  async #hearsSomething(): Promise<boolean> {
    const before = await arrived(this.#connection);
    for (let waited = 0; waited < PROBE_MS; waited += PROBE_STEP_MS) {
      await new Promise((resolve) => setTimeout(resolve, PROBE_STEP_MS));
      if (this.#closing.signal.aborted) return false;
      if ((await arrived(this.#connection)) !== before) return true;
    }
    return false;
  }
}

function retryDelay(searchesInVain: number): number {
  return Math.min(RETRY_MIN_MS * 2 ** (searchesInVain - 1), RETRY_MAX_MS);
}

/** Grows with everything that comes in over any path. */
async function arrived(connection: RTCPeerConnection): Promise<number> {
  let sum = 0;
  for (const stat of (await connection.getStats()).values()) {
    if (stat.type !== 'candidate-pair') continue;
    sum += (stat.bytesReceived ?? 0) + (stat.responsesReceived ?? 0) + (stat.requestsReceived ?? 0);
  }
  return sum;
}
