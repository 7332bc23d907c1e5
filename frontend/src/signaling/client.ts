// Interface between signaling and the rest of the page, with an implementation for tests
// (testing/fakeSignaling.ts) and one for a server (socketIo.ts).

import type { Readable, Unsubscribe } from '../lib/store';
import type { IceServers } from './iceServers';
import type { ErrorCode } from './wire';

export { type ErrorCode, limits } from './wire';

export interface SignalingClient {
  /** Subscribes to events, which arrive in the server's order, each exactly once. */
  subscribe(listener: (event: SignalingEvent) => void): Unsubscribe;

  /** Connects and joins, and does both again after every lost connection. */
  connect(): void;

  /** State of connecting and joining until they succeed. */
  readonly attempt: Readable<Attempt>;

  /** Tries at once instead of at `attempt.nextAt`. */
  retryNow(): void;

  /**
   * Sends a signal; resolves when the server has it. Rejects with a SignalingError, whose code is
   * `disconnected` if the signal may or may not have arrived.
   */
  signal(to: ParticipantId, signal: Signal): Promise<void>;

  /**
   * Sends a message; resolves when it is stored. The same id is stored once. Rejects with a
   * SignalingError; isDelivered() tells whether the other side has the message nevertheless.
   */
  sendMessage(message: OutgoingMessage): Promise<{ sentAt: string }>;

  /** Fetches the ICE servers. Rejects when the server is unreachable, or the seat is not held. */
  iceServers(): Promise<IceServers>;

  /** Gives the seat up. */
  leave(): Promise<void>;

  /** Ends the connection; the server keeps the seat for its lease. */
  disconnect(): void;
}

export interface Attempt {
  /** Reason of the latest failure; null before the first one and after a success. */
  obstacle: Obstacle | null;
  /** Time of the next try, in milliseconds of performance.now(); null while none is planned. */
  nextAt: number | null;
}

/** No connection, a busy server, a server that restarts, or a room without a free seat. */
export type Obstacle = 'network' | 'busy' | 'restarting' | 'full';

/**
 * Why a room has no free seat. `held`: a holder is disconnected, and its lease ends at a known
 * time. `taken`: every holder is connected.
 */
export type Fullness = 'held' | 'taken';

/** Chosen by the server; constant across reconnections and reloads. */
export type ParticipantId = string;

export interface Participant {
  id: ParticipantId;
  name: string;
  /** False while the participant's connection to the server is lost and the seat is kept. */
  connected: boolean;
}

export type Signal =
  | { kind: 'description'; description: RTCSessionDescriptionInit }
  /** `null` is the end of candidates. */
  | { kind: 'candidate'; candidate: RTCIceCandidateInit | null };

export interface OutgoingMessage {
  id: string;
  body: string;
}

export interface IncomingMessage extends OutgoingMessage {
  from: ParticipantId;
  name: string;
  sentAt: string;
}

export interface Joined {
  participant: ParticipantId;
  peer: Participant | null;
  /** True if all missed events follow, in order; false if some are lost. */
  resumed: boolean;
  /** Role of this side in perfect negotiation. */
  polite: boolean;
  /** The history as it was saved: entries of any shape, oldest first. */
  chats: unknown[];
  chatsAvailable: boolean;
  iceServers: IceServers;
}

/** The server refuses this client, and would refuse it again. */
export interface Refused {
  type: 'refused';
  code: ErrorCode;
  /** The invalid field, with the code `invalid_field`. */
  field?: string;
}

export type SignalingEvent =
  | { type: 'joined'; joined: Joined }
  | Refused
  /** The room has no free seat. The client joins again by itself, at `attempt.nextAt`. */
  | { type: 'roomFull'; seat: Fullness }
  | { type: 'connectionLost' }
  | { type: 'replaced' }
  | { type: 'peerJoined'; peer: Participant }
  | { type: 'peerReconnecting'; id: ParticipantId }
  | { type: 'peerResumed'; id: ParticipantId }
  | { type: 'peerLeft'; id: ParticipantId }
  | {
      type: 'description';
      from: ParticipantId;
      /** Null except for an offer. */
      name: string | null;
      description: RTCSessionDescriptionInit;
    }
  | { type: 'candidate'; candidate: RTCIceCandidateInit | null }
  | { type: 'message'; message: IncomingMessage };

export class SignalingError extends Error {
  readonly code: ErrorCode | 'disconnected';
  /** True for a message that the other side has, though the server could not store it. */
  readonly delivered: boolean;

  constructor(code: ErrorCode | 'disconnected', delivered = false) {
    super(`signaling: ${code}`);
    this.code = code;
    this.delivered = delivered;
  }
}

/** True for a message that was delivered and not stored, because the history is full. */
export function isDelivered(error: unknown): boolean {
  return error instanceof SignalingError && error.delivered;
}

/** True if the server refused; false if its answer was lost. */
export function isRefusal(error: unknown): boolean {
  return error instanceof SignalingError && error.code !== 'disconnected';
}
