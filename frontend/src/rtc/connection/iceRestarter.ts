// Restarts ICE when a path is lost: at once after `failed`, after a delay while `disconnected`, and
// with growing delays while restarts fail.

import type { IceServerCache } from './iceServerCache';

/** Time for a path to recover by itself, as most do; a restart costs a round trip. */
export const DISCONNECTED_GRACE_MS = 5_000;

/** Delay after a failed restart; doubles with each one, up to the maximum. */
export const RETRY_MIN_MS = 2_000;
export const RETRY_MAX_MS = 30_000;

/** Duration of a probe. A working path carries at least the browser's consent checks within it. */
export const PROBE_MS = 4_000;
const PROBE_STEP_MS = 500;

export class IceRestarter {
  readonly #connection: RTCPeerConnection;
  readonly #servers: Pick<IceServerCache, 'fresh'>;
  readonly #closing = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #isPreparing = false;
  #isProbing = false;

  constructor(connection: RTCPeerConnection, servers: Pick<IceServerCache, 'fresh'>) {
    this.#connection = connection;
    this.#servers = servers;
    connection.addEventListener('iceconnectionstatechange', () => this.#onState(), {
      signal: this.#closing.signal,
    });
  }

  /** True when a restart is planned or waits for ICE servers. */
  get isRestartPending(): boolean {
    return this.#timer !== undefined || this.#isPreparing;
  }

  /** Restarts ICE with the newest ICE servers available. */
  async restart(): Promise<void> {
    if (this.#isPreparing) return;
    this.#isPreparing = true;
    const iceServers = await this.#servers.fresh();
    this.#isPreparing = false;
    if (this.#closing.signal.aborted) return;
    this.#connection.setConfiguration({ ...this.#connection.getConfiguration(), iceServers });
    this.#connection.restartIce();
  }

  /** Restarts ICE unless traffic arrives on the current path within `PROBE_MS`. */
  async probe(): Promise<void> {
    if (this.#isProbing || this.#isPreparing) return;
    this.#isProbing = true;
    const isAlive = await this.#receivesTraffic();
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
        this.#plan(this.#failures === 0 ? 0 : retryDelay(this.#failures));
        this.#failures += 1;
        break;
      case 'disconnected':
        this.#plan(DISCONNECTED_GRACE_MS);
        break;
      case 'connected':
      case 'completed':
        this.#failures = 0;
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

  async #receivesTraffic(): Promise<boolean> {
    const before = await trafficReceived(this.#connection);
    for (let waited = 0; waited < PROBE_MS; waited += PROBE_STEP_MS) {
      await new Promise((resolve) => setTimeout(resolve, PROBE_STEP_MS));
      if (this.#closing.signal.aborted) return false;
      if ((await trafficReceived(this.#connection)) !== before) return true;
    }
    return false;
  }
}

function retryDelay(failures: number): number {
  return Math.min(RETRY_MIN_MS * 2 ** (failures - 1), RETRY_MAX_MS);
}

/** Counter that grows with every byte and STUN message received on any candidate pair. */
async function trafficReceived(connection: RTCPeerConnection): Promise<number> {
  let sum = 0;
  for (const stat of (await connection.getStats()).values()) {
    if (stat.type !== 'candidate-pair') continue;
    sum += (stat.bytesReceived ?? 0) + (stat.responsesReceived ?? 0) + (stat.requestsReceived ?? 0);
  }
  return sum;
}
