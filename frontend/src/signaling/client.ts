// What the rest of the page needs from signaling, in its own words: an interface, so that the call
// and the chat can be tested without a server (fake.ts) and run with one (socketIo.ts).

import type { Readable, Unsubscribe } from '../lib/store';
import type { IceServers } from './iceServers';
import type { ErrorCode } from './wire';

export { type ErrorCode, limits } from './wire';

export interface SignalingClient {
  /** Events arrive in the order in which the server sent them, each of them once. */
  subscribe(listener: (event: SignalingEvent) => void): Unsubscribe;

  /** Connects and joins, and does both again after every lost connection. */
  connect(): void;

  /** How connecting and joining go, for as long as they have not succeeded. */
  readonly attempt: Readable<Attempt>;

  /** Tries at once instead of at `attempt.nextAt`. */
  retryNow(): void;

  /**
   * Hands a signal to the server, which has it when the promise resolves. Rejects with a
   * SignalingError; its code is `disconnected` when nobody knows whether it arrived.
   */
  signal(to: ParticipantId, signal: Signal): Promise<void>;

  /**
   * Resolves once the message is stored. Sending the same id again never stores it twice. Rejects with
   * a SignalingError; isDelivered() tells whether the other side has it all the same.
   */
  sendMessage(message: OutgoingMessage): Promise<{ sentAt: string }>;

  /** Rejects when the server cannot be reached, or when there is no seat any more. */
  iceServers(): Promise<IceServers>;

  /** Gives the seat up for good. */
  leave(): Promise<void>;

  /** Ends the connection and nothing else: the server keeps the seat for its lease. */
  disconnect(): void;
}

export interface Attempt {
  /** What was in the way last time; null before the first failure and after a success. */
  obstacle: Obstacle | null;
  /** When the next try is, in milliseconds of performance.now(); null while none is planned. */
  nextAt: number | null;
}

/** No connection, a server with too much to do, one that restarts, or a room without a free seat. */
export type Obstacle = 'network' | 'busy' | 'restarting' | 'full';

/**
 * Why a room has no free seat. `held`: a holder is not connected, and its lease ends at a known time.
 * `taken`: every holder is connected.
 */
export type Fullness = 'held' | 'taken';

/** Chosen by the server; stays the same over reconnects and reloads. */
export type ParticipantId = string;

export interface Participant {
  id: ParticipantId;
  name: string;
  /** False while its connection to the server is lost. Its seat is kept. */
  connected: boolean;
}

export type Signal =
  | { kind: 'description'; description: RTCSessionDescriptionInit }
  /** `null` ends the candidates. */
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
  /** True: everything that was missed follows, in order. False: some of it is lost. */
  resumed: boolean;
  /** This side's role in perfect negotiation. */
  polite: boolean;
  /** The history as it was saved: entries of any shape, oldest first. */
  chats: unknown[];
  chatsAvailable: boolean;
  iceServers: IceServers;
}

/** The server does not let this person in, and will not if asked again. */
export interface Refused {
  type: 'refused';
  code: ErrorCode;
  /** With `invalid_field`: which of them. */
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
      /** Known only with an offer. */
      name: string | null;
      description: RTCSessionDescriptionInit;
    }
  | { type: 'candidate'; candidate: RTCIceCandidateInit | null }
  | { type: 'message'; message: IncomingMessage };

export class SignalingError extends Error {
  readonly code: ErrorCode | 'disconnected';
  /** True of a message that the other side has, though the server could not store it. */
  readonly delivered: boolean;

  constructor(code: ErrorCode | 'disconnected', delivered = false) {
    super(`signaling: ${code}`);
    this.code = code;
    this.delivered = delivered;
  }
}

/** True of a message that was delivered and not stored: the history is full. */
export function isDelivered(error: unknown): boolean {
  return error instanceof SignalingError && error.delivered;
}

/** True when the server said no; false when the answer was lost on the way. */
export function isRefusal(error: unknown): boolean {
  return error instanceof SignalingError && error.code !== 'disconnected';
}
