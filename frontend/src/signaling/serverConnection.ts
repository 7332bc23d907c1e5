// Keeps one Socket.IO connection open: retries after every failure, probes a connection after the
// page may have slept, and reports its state. Knows no rooms.

import type { Socket } from 'socket.io-client';
import { type Readable, Store, type Unsubscribe } from '../lib/store';
import { onWake } from '../lib/wake';
import type { Attempt, ErrorCode } from './client';
import type { ClientEvents, ServerEvents } from './messages';
import { type Pace, Retry } from './retry';

export type SignalingSocket = Socket<ServerEvents, ClientEvents>;

export interface ServerConnectionEvents {
  onOpen(): void;
  onLost(): void;
  /** Called when the server refuses this client and would refuse it again. */
  onRefused(code: ErrorCode): void;
}

/**
 * Retry delays after a network failure: short enough to go unnoticed, long enough for the server.
 */
const NETWORK_PACE: Pace = { minMs: 200, maxMs: 5_000 };

/** Retry delays after a busy server. */
const BUSY_PACE: Pace = { minMs: 1_000, maxMs: 15_000 };

/** Interval of joins while every seat holder is connected. */
export const FULL_ROOM_RETRY_MS = 5_000;

/** A connection that received a packet this recently is not probed. */
const RECENT_PACKET_MS = 2_000;

/** Time for the answer to a probe: several times the round trip of a bad connection. */
const PROBE_TIMEOUT_MS = 4_000;

/** Age from which a pending attempt may belong to a lost network. */
const STALE_ATTEMPT_MS = 3_000;

const passingRefusals: ErrorCode[] = ['unavailable', 'too_many_requests', 'shutting_down'];

export function isPassing(code: ErrorCode): boolean {
  return passingRefusals.includes(code);
}

export class ServerConnection {
  readonly #socket: SignalingSocket;
  readonly #events: ServerConnectionEvents;
  readonly #retry = new Retry();
  readonly #attempt = new Store<Attempt>({ obstacle: null, nextAt: null });
  readonly #stopWatching: Unsubscribe[];
  #obstacle: Attempt['obstacle'] = null;
  #startedAt = 0;
  #lastPacketAt = 0;
  #isProbing = false;
  /** Delay requested by a server that shuts down. */
  #notBeforeMs = 0;
  #isClosed = false;

  constructor(socket: SignalingSocket, events: ServerConnectionEvents) {
    this.#socket = socket;
    this.#events = events;
    this.#listen();
    this.#stopWatching = [
      onWake(() => this.#onWake()),
      this.#retry.nextAt.subscribe(() => this.#publish()),
    ];
  }

  get attempt(): Readable<Attempt> {
    return this.#attempt;
  }

  open(): void {
    if (this.#isClosed) return;
    this.#startedAt = Date.now();
    this.#socket.connect();
  }

  /** Tries at once, at the user's request. */
  retryNow(): void {
    this.#retry.now();
  }

  /** Plans another request after a passing refusal. */
  retryAfterRefusal(code: ErrorCode, again: () => void): void {
    if (this.#isClosed) return;
    this.#obstacle = code === 'shutting_down' ? 'restarting' : 'busy';
    this.#retry.plan(again, BUSY_PACE, this.#notBeforeMs);
    this.#publish();
  }

  /** Plans another join without a free seat: when a lease ends, or at a fixed interval. */
  retryWhenFree(retryAfterMs: number | undefined, again: () => void): void {
    if (this.#isClosed) return;
    this.#obstacle = 'full';
    this.#retry.succeed();
    this.#retry.planIn(retryAfterMs ?? FULL_ROOM_RETRY_MS, again);
    this.#publish();
  }

  /** Clears the obstacle and the retry delays. */
  reportSuccess(): void {
    this.#obstacle = null;
    this.#notBeforeMs = 0;
    this.#retry.succeed();
    this.#publish();
  }

  /** Closes without a DISCONNECT packet: the server keeps the seat for its lease. */
  drop(): void {
    this.#end();
    this.#hangUp();
  }

  /** Closes with a DISCONNECT packet: the server frees the seat at once. */
  close(): void {
    this.#end();
    this.#socket.disconnect();
  }

  #end(): void {
    this.#isClosed = true;
    this.#retry.cancel();
    for (const stop of this.#stopWatching) stop();
  }

  #listen(): void {
    const socket = this.#socket;
    socket.on('connect', () => {
      socket.io.engine.on('packet', () => {
        this.#lastPacketAt = Date.now();
      });
      this.#events.onOpen();
    });
    socket.on('disconnect', () => {
      if (this.#isClosed) return;
      this.#events.onLost();
      this.#tryLater();
    });
    socket.on('connect_error', (error) => this.#onFailure(error));
    socket.on('shutting_down', ({ retry_after_ms }) => {
      this.#obstacle = 'restarting';
      this.#notBeforeMs = retry_after_ms;
    });
  }

  #onFailure(error: Error): void {
    if (this.#isClosed) return;
    const code = refusalIn(error, this.#socket.active);
    if (!code) this.#tryLater();
    else if (isPassing(code)) this.retryAfterRefusal(code, () => this.open());
    else this.#events.onRefused(code);
  }

  #tryLater(): void {
    if (this.#obstacle !== 'restarting') this.#obstacle = 'network';
    this.#retry.plan(() => this.open(), NETWORK_PACE, this.#notBeforeMs);
    this.#notBeforeMs = 0;
    this.#publish();
  }

  #onWake(): void {
    if (this.#socket.connected) void this.#probe();
    else if (this.#retry.nextAt.get() !== null) this.#hasten();
    else if (this.#startedAt > 0 && Date.now() - this.#startedAt > STALE_ATTEMPT_MS)
      this.#restart();
  }

  /** Advances a retry after a network failure; a busy server is given its time. */
  #hasten(): void {
    if (this.#obstacle === 'network') this.#retry.now();
  }

  /** Probes the connection: any answer of the server proves it alive. */
  async #probe(): Promise<void> {
    if (this.#isProbing || Date.now() - this.#lastPacketAt < RECENT_PACKET_MS) return;
    this.#isProbing = true;
    try {
      // The server refuses the unknown event, which is an answer.
      await this.#socket.timeout(PROBE_TIMEOUT_MS).emitWithAck('probe', {});
    } catch {
      if (!this.#isClosed && this.#socket.connected) this.#restart();
    } finally {
      this.#isProbing = false;
    }
  }

  #restart(): void {
    this.#retry.cancel();
    const wasConnected = this.#socket.connected;
    this.#hangUp();
    // The `disconnect` event has planned a retry.
    if (wasConnected) this.#retry.now();
    else this.open();
  }

  /**
   * Sends no DISCONNECT packet, which would give the seat up. `disconnect` on an open socket would
   * send one.
   */
  #hangUp(): void {
    if (this.#socket.connected) this.#socket.io.engine.close();
    else this.#socket.disconnect();
  }

  #publish(): void {
    this.#attempt.set({ obstacle: this.#obstacle, nextAt: this.#retry.nextAt.get() });
  }
}

/** Code of the server's refusal; null if the server was not reached. */
function refusalIn(error: Error, isActive: boolean): ErrorCode | null {
  // Refused by the server's Socket.IO middleware, after which the client does not reconnect.
  if (!isActive) return error.message as ErrorCode;
  const { context } = error as { context?: { responseText?: string } };
  try {
    return JSON.parse(context?.responseText ?? '').code ?? null;
  } catch {
    return null;
  }
}
