// Keeps one Socket.IO connection open: tries again after every failure, asks a connection whether
// it still lives when the page may have slept, and tells how things stand. Knows nothing of rooms.

import type { Socket } from 'socket.io-client';
import { type Readable, Store, type Unsubscribe } from '../lib/store';
import { onWake } from '../lib/wake';
import type { Attempt, ErrorCode } from './client';
import type { ClientEvents, ServerEvents } from './messages';
import { type Pace, Retry } from './retry';

export type SignalingSocket = Socket<ServerEvents, ClientEvents>;

export interface ConnectionEvents {
  onOpen(): void;
  onLost(): void;
  /** The server does not want this client, and asking again would not change that. */
  onRefused(code: ErrorCode): void;
}

/** Short enough that a blink of the network is not noticed, long enough not to storm a server. */
const NETWORK_PACE: Pace = { minMs: 200, maxMs: 5_000 };

/** A server that says it is busy is left alone for longer. */
const BUSY_PACE: Pace = { minMs: 1_000, maxMs: 15_000 };

/** How often a room is asked for a seat while every holder is connected. */
export const KNOCK_INTERVAL_MS = 5_000;

/** Whoever was heard this lately needs no asking. */
const HEARD_LATELY_MS = 2_000;

/** The answer takes one round trip, which is well below this on the worst connection. */
const PROBE_TIMEOUT_MS = 4_000;

/** An attempt this old may be under way in a network that is gone. */
const STALE_ATTEMPT_MS = 3_000;

const passingRefusals: ErrorCode[] = ['unavailable', 'too_many_requests', 'shutting_down'];

export function isPassing(code: ErrorCode): boolean {
  return passingRefusals.includes(code);
}

export class Connection {
  readonly #socket: SignalingSocket;
  readonly #events: ConnectionEvents;
  readonly #retry = new Retry();
  readonly #attempt = new Store<Attempt>({ obstacle: null, nextAt: null });
  readonly #stopWatching: Unsubscribe[];
  #obstacle: Attempt['obstacle'] = null;
  #startedAt = 0;
  #heardAt = 0;
  #isProbing = false;
  /** A server that shuts down says when to come back. */
  #notBeforeMs = 0;
  #over = false;

  constructor(socket: SignalingSocket, events: ConnectionEvents) {
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
    if (this.#over) return;
    this.#startedAt = Date.now();
    this.#socket.connect();
  }

  /** Somebody does not want to wait for the next try. */
  retryNow(): void {
    this.#retry.now();
  }

  /** The server could not do what was asked for: plans to ask again. */
  askLater(code: ErrorCode, again: () => void): void {
    if (this.#over) return;
    this.#obstacle = code === 'shutting_down' ? 'restarting' : 'busy';
    this.#retry.plan(again, BUSY_PACE, this.#notBeforeMs);
    this.#publish();
  }

  /** The room has no free seat: plans to ask again when a lease ends, or else at a fixed interval. */
  askForSeatLater(retryAfterMs: number | undefined, again: () => void): void {
    if (this.#over) return;
    this.#obstacle = 'full';
    this.#retry.succeed();
    this.#retry.planIn(retryAfterMs ?? KNOCK_INTERVAL_MS, again);
    this.#publish();
  }

  /** What was wanted from the connection has been achieved. */
  settle(): void {
    this.#obstacle = null;
    this.#notBeforeMs = 0;
    this.#retry.succeed();
    this.#publish();
  }

  /** Ends it without a DISCONNECT packet: the server keeps the seat for its lease. */
  drop(): void {
    this.#end();
    this.#hangUp();
  }

  /** Ends it with a DISCONNECT packet: the server frees the seat at once. */
  close(): void {
    this.#end();
    this.#socket.disconnect();
  }

  #end(): void {
    this.#over = true;
    this.#retry.cancel();
    for (const stop of this.#stopWatching) stop();
  }

  #listen(): void {
    const socket = this.#socket;
    socket.on('connect', () => {
      socket.io.engine.on('packet', () => {
        this.#heardAt = Date.now();
      });
      this.#events.onOpen();
    });
    socket.on('disconnect', () => {
      if (this.#over) return;
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
    if (this.#over) return;
    const code = refusalIn(error, this.#socket.active);
    if (!code) this.#tryLater();
    else if (isPassing(code)) this.askLater(code, () => this.open());
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

  /** A server that asked for patience gets it, whatever happens here. */
  #hasten(): void {
    if (this.#obstacle === 'network') this.#retry.now();
  }

  /** Asks the server for any answer at all; without one, the connection is dead. */
  async #probe(): Promise<void> {
    if (this.#isProbing || Date.now() - this.#heardAt < HEARD_LATELY_MS) return;
    this.#isProbing = true;
    try {
      // The server knows no such event, and says so: that is an answer.
      await this.#socket.timeout(PROBE_TIMEOUT_MS).emitWithAck('probe', {});
    } catch {
      if (!this.#over && this.#socket.connected) this.#restart();
    } finally {
      this.#isProbing = false;
    }
  }

  #restart(): void {
    this.#retry.cancel();
    const wasConnected = this.#socket.connected;
    this.#hangUp();
    // A lost connection has planned the next try itself.
    if (wasConnected) this.#retry.now();
    else this.open();
  }

  /** Sends no DISCONNECT packet, which would give the seat up. An open socket would send one in `disconnect`. */
  #hangUp(): void {
    if (this.#socket.connected) this.#socket.io.engine.close();
    else this.#socket.disconnect();
  }

  #publish(): void {
    this.#attempt.set({ obstacle: this.#obstacle, nextAt: this.#retry.nextAt.get() });
  }
}

/** The server's own words where it has any; null when it was not reached. */
function refusalIn(error: Error, isActive: boolean): ErrorCode | null {
  // Turned away by Socket.IO itself, which gives up then.
  if (!isActive) return error.message as ErrorCode;
  const { context } = error as { context?: { responseText?: string } };
  try {
    return JSON.parse(context?.responseText ?? '').code ?? null;
  } catch {
    return null;
  }
}
