// What the rest of the page needs from signaling, in its own words: an interface, so that the call
// and the chat can be tested without a server (fake.ts) and run with one (socketIo.ts).

import type { Unsubscribe } from '../lib/store';
import type { IceServers } from './iceServers';

export interface SignalingClient {
  /** Events arrive in the order in which the server sent them, each of them once. */
  subscribe(listener: (event: SignalingEvent) => void): Unsubscribe;

  /** Connects and joins, and does both again after every lost connection. */
  connect(): void;

  /**
   * Hands a signal to the server, which has it when the promise resolves. Rejects with a
   * SignalingError; its code is `disconnected` when nobody knows whether it arrived.
   */
  signal(to: ParticipantId, signal: Signal): Promise<void>;

  /** Resolves once the message is stored. Sending the same id again never doubles it. */
  sendMessage(message: OutgoingMessage): Promise<{ sentAt: string }>;

  /** Asks for fresh STUN and TURN servers. Rejects when there is no server to ask, or no seat. */
  iceServers(): Promise<IceServers>;

  /** Gives the seat up for good. */
  leave(): Promise<void>;

  /** Ends the connection without a word. */
  disconnect(): void;
}

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
  /** Which servers help to find a path to the other side. */
  iceServers: IceServers;
}

export type SignalingEvent =
  | { type: 'joined'; joined: Joined }
  | { type: 'refused'; code: ErrorCode }
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

export type ErrorCode =
  | 'invalid_payload'
  | 'invalid_field'
  | 'binary_not_supported'
  | 'unknown_event'
  | 'payload_too_large'
  | 'chats_full'
  | 'not_joined'
  | 'already_joined'
  | 'wrong_room'
  | 'peer_not_found'
  | 'room_full'
  | 'replaced'
  | 'too_many_requests'
  | 'origin_not_allowed'
  | 'unavailable'
  | 'shutting_down';

export class SignalingError extends Error {
  readonly code: ErrorCode | 'disconnected';

  constructor(code: ErrorCode | 'disconnected') {
    super(`signaling: ${code}`);
    this.code = code;
  }
}

/** True when the server said no; false when the answer was lost on the way. */
export function isRefusal(error: unknown): boolean {
  return error instanceof SignalingError && error.code !== 'disconnected';
}
