// What goes over the wire. Generated from the server's own types by `make types`: do not edit.
// docs/mesh.md says what is sent when. What clients make up themselves, signals and chats, is unknown.

/** Reason of a refusal, for programs. The table in `docs/mesh.md` lists all reasons. */
export type ErrorCode =
  | 'invalid_payload'
  | 'invalid_field'
  | 'binary_not_supported'
  | 'unknown_event'
  | 'payload_too_large'
  | 'unsupported_encoding'
  | 'chats_full'
  | 'id_conflict'
  | 'not_joined'
  | 'already_joined'
  | 'wrong_room'
  | 'peer_not_found'
  | 'room_full'
  | 'replaced'
  | 'too_many_requests'
  | 'unauthorized'
  | 'origin_not_allowed'
  | 'unavailable'
  | 'shutting_down';

/** Servers with the same credentials. Source: W3C WebRTC, `RTCIceServer`. */
export type IceServer = {
  /** At least one URL: browsers reject an empty list. */
  urls: Array<string>;
  /** Only for TURN: `<expiry in Unix seconds>:<participant>`. */
  username?: string;
  /** Only for TURN. */
  credential?: string;
};

/** Limits on what a client sends. */
export type Limits = {
  /** The largest event, in bytes of its packet. */
  event_bytes: number;
};

/** `join_room` */
export type JoinRoom = {
  /** 1 to 128 characters. */
  appointment_id: string;
  /** 1 to 128 characters. */
  name: string;
  /** The token of an earlier join. */
  session?: string | null;
  /** `seq` of the last event that the client handled. */
  received?: number | null;
};

/** `send_offer` */
export type SendOffer = {
  /** The sender's own room. */
  appointment_id: string;
  /** An object, opaque, of at most 64 KiB. */
  offer: unknown;
  /** Id of the participant that gets it. */
  remoteSocketId: string;
};

/** `send_answer` */
export type SendAnswer = {
  /** The sender's own room. */
  appointment_id: string;
  /** An object, opaque, of at most 64 KiB. */
  answer: unknown;
  /** Id of the participant that gets it. */
  remoteSocketId: string;
};

/** `ice_candidate` */
export type SendCandidate = {
  /** An object, opaque, of at most 64 KiB; or `null`, which ends the candidates. */
  candidate: unknown;
  /** Id of the participant that gets it. */
  remoteSocketId: string;
};

/** `send_message` */
export type SendMessage = {
  /** Chosen by the client, so that a retry is not stored twice: 1 to 128 characters. */
  id?: string | null;
  /** 1 to 16,384 bytes of UTF-8. */
  body: string;
  /** The sender's own room. A message that is sent before the join needs it, unless the join proves a session of the room. */
  appointment_id?: string | null;
};

/** `leave_room` */
export type LeaveRoom = Record<string, never>;

/** `joined_successfully`, and the ack of `join_room`. */
export type JoinedSuccessfully = {
  /** `Joined Successfully`, from the document. */
  message: string;
  /** The other participant's id, `null` when alone. */
  remoteSocket: string | null;
  /** The other participant's name, `null` when alone. */
  opponent_name: string | null;
  /** The history, oldest first, each entry as it was saved. */
  chats: unknown[];
  /** False if the history could not be read. */
  chats_available: boolean;
  /** The participant's own id. */
  participant: string;
  /** The session token, for later joins. */
  session: string;
  /** True if the participant resumes without a lost event. */
  resumed: boolean;
  /** The participant's role in perfect negotiation. */
  polite: boolean;
  /** True while the other participant is connected. */
  peer_connected: boolean;
  /** The number that later events count up from. */
  seq: number;
  /** For `RTCConfiguration`, with credentials for this participant. */
  iceServers: Array<IceServer>;
  /** Lifetime of the credentials in seconds, `null` without credentials. */
  iceServersTtl: number | null;
  /** The addresses of all TURN servers. */
  turnUrls: Array<string>;
  /** Limits on what this client sends. */
  limits: Limits;
};

/** `peer_joined`: the other seat was taken. */
export type PeerJoined = {
  /** The other participant's id. */
  remoteSocket: string;
  /** The other participant's name. */
  opponent_name: string;
  /** Sequence number of the event. */
  seq: number;
};

/** `receive_offer` */
export type ReceiveOffer = {
  /** The sender's id, stamped by the server. */
  from: string;
  /** The sender's bytes. */
  offer: unknown;
  /** The sender's name, stamped by the server. */
  name: string;
  /** Sequence number of the event. */
  seq: number;
};

/** `receive_answer` */
export type ReceiveAnswer = {
  /** The sender's id, stamped by the server. */
  from: string;
  /** The sender's bytes. */
  answer: unknown;
  /** Sequence number of the event. */
  seq: number;
};

/** `ice_candidate`, as documented. */
export type ReceiveCandidate = {
  /** The sender's bytes; `null` ends the candidates. */
  candidate: unknown;
  /** Sequence number of the event. */
  seq: number;
};

/** `receive_message`: the other participant wrote. */
export type ReceiveMessage = {
  /** The message's id. */
  id: string;
  /** The sender's id. */
  from: string;
  /** The sender's name at the time of sending. */
  name: string;
  /** The text. */
  body: string;
  /** When the server received the message: RFC 3339, in UTC. */
  sent_at: string;
  /** Sequence number of the event. */
  seq: number;
};

/** `peer_reconnecting`: the other participant's connection was lost; its seat is held. */
export type PeerReconnecting = {
  /** The other participant's id. */
  remoteSocket: string;
  /** Sequence number of the event. */
  seq: number;
};

/** `peer_resumed`: the other participant is connected again. */
export type PeerResumed = {
  /** The other participant's id. */
  remoteSocket: string;
  /** Sequence number of the event. */
  seq: number;
};

/** `user_left`: the other participant left, or its lease ended. */
export type UserLeft = {
  /** Reason, for people. */
  message: string;
  /** The other participant's id. */
  remoteSocket: string;
  /** Sequence number of the event. */
  seq: number;
};

/** `error`: an event of this client was refused. */
export type ErrorEvent = {
  /** Reason, for people. */
  message: string;
  /** Reason, for programs. */
  code: ErrorCode;
  /** The wrong field, if one is wrong. */
  field?: string;
  /** Time until a seat may be free, in milliseconds, if that is known. */
  retry_after_ms?: number;
};

/** `replaced`: a newer connection has the seat. */
export type SeatReplaced = {
  /** For people. */
  message: string;
};

/** `shutting_down`: the server is about to close. */
export type ShuttingDown = {
  /** For people. */
  message: string;
  /** Time to wait before reconnecting, in milliseconds. */
  retry_after_ms: number;
};

/** `probe`: asks for a sign of life, which the transport gives. */
export type Probe = Record<string, never>;

/** The ack of an event that succeeded, without data. */
export type Done = {
  /** Always `true`. */
  success: true;
};

/** The ack of `send_message`. */
export type MessageSent = {
  /** Always `true`. */
  success: true;
  /** The message's id. */
  id: string;
  /** When the server received the message: RFC 3339, in UTC. */
  sent_at: string;
};

/** The ack of an event that was refused. */
export type RefusedAck = {
  /** Always `false`. */
  success: false;
  /** `true` for a refused message that the other participant has nevertheless. */
  delivered?: true;
  /** Reason, for people. */
  message: string;
  /** Reason, for programs. */
  error: RefusedBecause;
};

/** A refusal, for programs. */
export type RefusedBecause = {
  /** Reason. */
  code: ErrorCode;
  /** The wrong field, if one is wrong. */
  field?: string;
  /** Time until a seat may be free, in milliseconds, if that is known. */
  retry_after_ms?: number;
};

/** The configuration for a client. Its JSON is a valid argument of `new RTCPeerConnection`. */
export type IceConfiguration = {
  /** Contains TURN servers only for a participant with a seat. */
  iceServers: Array<IceServer>;
  /** Lifetime of the credentials in seconds; `null` without credentials. */
  ttl: number | null;
  /** URLs of the TURN servers, without credentials: enough to test whether they answer. */
  turnUrls: Array<string>;
};

/** The body of a refused HTTP request. */
export type HttpRefusalBody = {
  /** Always `false`. */
  success: false;
  /** Reason, for people. */
  message: string;
  /** Reason, for programs. */
  code: ErrorCode;
};

/** What a client sends, by event, and what it is told when all is well. */
export type ClientMessages = {
  join_room: { payload: JoinRoom; answer: JoinedSuccessfully };
  send_offer: { payload: SendOffer; answer: Done };
  send_answer: { payload: SendAnswer; answer: Done };
  ice_candidate: { payload: SendCandidate; answer: Done };
  send_message: { payload: SendMessage; answer: MessageSent };
  leave_room: { payload: LeaveRoom; answer: Done };
};

/** What the server sends, by event. */
export type ServerMessages = {
  joined_successfully: JoinedSuccessfully;
  peer_joined: PeerJoined;
  receive_offer: ReceiveOffer;
  receive_answer: ReceiveAnswer;
  ice_candidate: ReceiveCandidate;
  receive_message: ReceiveMessage;
  peer_reconnecting: PeerReconnecting;
  peer_resumed: PeerResumed;
  user_left: UserLeft;
  error: ErrorEvent;
  replaced: SeatReplaced;
  shutting_down: ShuttingDown;
  probe: Probe;
};

/** Limits on what a client sends; the server refuses what exceeds them. */
export const limits = {
  /** Longest appointment id and name, in characters. */
  nameChars: 128,
  /** Longest body of a chat message, in bytes of UTF-8. */
  messageBytes: 16384,
} as const;
