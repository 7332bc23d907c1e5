// The wire: every event of the mesh door, field by field, as docs/mesh.md defines them. Names are
// the server's. Nothing outside this folder sees these types.

import type { ErrorCode, ParticipantId } from './client';
import type { WireIceServers } from './iceServers';

/** A signal is opaque to the server, and comes from whatever client sits opposite: trust nothing. */
type Opaque = unknown;

export type Ack<Answer = object> = ({ success: true } & Answer) | Refusal;

export interface Refusal {
  success: false;
  message: string;
  error: { code: ErrorCode; field?: string };
}

export interface JoinRoom {
  appointment_id: string;
  name: string;
  session?: string;
  received?: number;
}

/** A server that is older than they are sends none of the ICE servers' fields. */
export interface JoinedSuccessfully extends Partial<WireIceServersOfJoin> {
  message: string;
  remoteSocket: ParticipantId | null;
  opponent_name: string | null;
  chats: unknown[];
  chats_available: boolean;
  participant: ParticipantId;
  session: string;
  resumed: boolean;
  polite: boolean;
  peer_connected: boolean;
  seq: number;
}

interface WireIceServersOfJoin extends Omit<WireIceServers, 'ttl'> {
  /** In seconds. */
  iceServersTtl: number | null;
}

export interface WireMessage {
  id: string;
  from: ParticipantId;
  name: string;
  body: string;
  sent_at: string;
}

interface Numbered {
  seq: number;
}

interface AboutPeer extends Numbered {
  remoteSocket: ParticipantId;
}

type Answered<Payload, Answer = object> = (
  payload: Payload,
  ack: (answer: Ack<Answer>) => void,
) => void;

export interface ClientEvents {
  join_room: Answered<JoinRoom, JoinedSuccessfully>;
  send_offer: Answered<{ appointment_id: string; offer: Opaque; remoteSocketId: ParticipantId }>;
  send_answer: Answered<{ appointment_id: string; answer: Opaque; remoteSocketId: ParticipantId }>;
  ice_candidate: Answered<{ candidate: Opaque; remoteSocketId: ParticipantId }>;
  send_message: Answered<{ id: string; body: string }, { id: string; sent_at: string }>;
  leave_room: Answered<object>;
  /** No event of the contract: any answer shows that the connection lives. */
  probe: Answered<object>;
}

export interface ServerEvents {
  joined_successfully: (joined: JoinedSuccessfully) => void;
  peer_joined: (peer: AboutPeer & { opponent_name: string }) => void;
  receive_offer: (offer: Numbered & { from: ParticipantId; offer: Opaque; name: string }) => void;
  receive_answer: (answer: Numbered & { from: ParticipantId; answer: Opaque }) => void;
  ice_candidate: (candidate: Opaque) => void;
  receive_message: (message: Numbered & WireMessage) => void;
  peer_reconnecting: (peer: AboutPeer) => void;
  peer_resumed: (peer: AboutPeer) => void;
  user_left: (peer: AboutPeer & { message: string }) => void;
  replaced: (notice: { message: string }) => void;
  shutting_down: (notice: { message: string; retry_after_ms: number }) => void;
}
