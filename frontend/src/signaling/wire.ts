// What goes over the wire. Generated from the server's own types by `make types`: do not edit.
// docs/mesh.md says what is sent when. What clients make up themselves, signals and chats, is unknown.

/** Why something was refused, for programs. The table in `docs/mesh.md` lists them all. */
export type ErrorCode =
  | 'invalid_payload'
  | 'invalid_field'
  | 'binary_not_supported'
  | 'unknown_event'
  | 'payload_too_large'
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

/** Servers that take the same credentials. Source: W3C WebRTC, `RTCIceServer`. */
export type IceServer = {
  /** At least one: browsers refuse an empty list. */
  urls: Array<string>;
  /** Only for TURN: `<end in Unix seconds>:<participant>`. */
  username?: string;
  /** Only for TURN. */
  credential?: string;
};

/** `join_room` */
export type JoinRoom = {
  /** 1 to 128 characters. */
  appointment_id: string;
  /** 1 to 128 characters. */
  name: string;
  /** The token of an earlier join. */
  session?: string | null;
  /** The number of the last event that the client has. */
  received?: number | null;
};

/** `send_offer` */
export type SendOffer = {
  /** The sender's own room. */
  appointment_id: string;
  /** An object, opaque, of at most 64 KiB. */
  offer: unknown;
  /** Whom it is for. */
  remoteSocketId: string;
};

/** `send_answer` */
export type SendAnswer = {
  /** The sender's own room. */
  appointment_id: string;
  /** An object, opaque, of at most 64 KiB. */
  answer: unknown;
  /** Whom it is for. */
  remoteSocketId: string;
};

/** `ice_candidate` */
export type SendCandidate = {
  /** An object, opaque, of at most 64 KiB; or `null`, which ends the candidates. */
  candidate: unknown;
  /** Whom it is for. */
  remoteSocketId: string;
};

/** `send_message` */
export type SendMessage = {
  /** Chosen by the client, so that a retry is not stored twice: 1 to 128 characters. */
  id?: string | null;
  /** 1 to 16,384 bytes of UTF-8. */
  body: string;
};

/** `leave_room` */
export type LeaveRoom = Record<string, never>;

/** `joined_successfully`, and the ack of `join_room`. */
export type JoinedSuccessfully = {
  /** `Joined Successfully`, as the document has it. */
  message: string;
  /** The other participant's id, `null` when alone. */
  remoteSocket: string | null;
  /** The other participant's name, `null` when alone. */
  opponent_name: string | null;
  /** The history, oldest first, each entry as it was saved. */
  chats: unknown[];
  /** Whether `chats` could be read. */
  chats_available: boolean;
  /** The participant's own id. */
  participant: string;
  /** The token to come back with. */
  session: string;
  /** Whether nothing was lost since last time. */
  resumed: boolean;
  /** The side's role in perfect negotiation. */
  polite: boolean;
  /** Whether the other participant is connected just now. */
  peer_connected: boolean;
  /** The number that the events to come count on from. */
  seq: number;
  /** For `RTCConfiguration`, with credentials of the participant's own. */
  iceServers: Array<IceServer>;
  /** How many seconds the credentials are good for, `null` where there are none. */
  iceServersTtl: number | null;
  /** The TURN servers that there are. */
  turnUrls: Array<string>;
};

/** `peer_joined`: the other seat was taken. */
export type PeerJoined = {
  /** Who sits there. */
  remoteSocket: string;
  /** What they are called. */
  opponent_name: string;
  /** Its number in the order of all that this participant is told. */
  seq: number;
};

/** `receive_offer` */
export type ReceiveOffer = {
  /** Who sent it, as the server knows. */
  from: string;
  /** As it was sent. */
  offer: unknown;
  /** What the sender is called, as the server knows. */
  name: string;
  /** Its number in the order of all that this participant is told. */
  seq: number;
};

/** `receive_answer` */
export type ReceiveAnswer = {
  /** Who sent it, as the server knows. */
  from: string;
  /** As it was sent. */
  answer: unknown;
  /** Its number in the order of all that this participant is told. */
  seq: number;
};

/** `ice_candidate`, as documented. */
export type ReceiveCandidate = {
  /** As it was sent; `null` ends the candidates. */
  candidate: unknown;
  /** Its number in the order of all that this participant is told. */
  seq: number;
};

/** `receive_message`: the other side wrote, and it is stored. */
export type ReceiveMessage = {
  /** What it is known by. */
  id: string;
  /** Who wrote it. */
  from: string;
  /** What the writer was called then. */
  name: string;
  /** The text. */
  body: string;
  /** When the server took it: RFC 3339, in UTC. */
  sent_at: string;
  /** Its number in the order of all that this participant is told. */
  seq: number;
};

/** `peer_reconnecting`: the other side's connection was lost; its seat is kept. */
export type PeerReconnecting = {
  /** Whose. */
  remoteSocket: string;
  /** Its number in the order of all that this participant is told. */
  seq: number;
};

/** `peer_resumed`: the other side is back. */
export type PeerResumed = {
  /** Who. */
  remoteSocket: string;
  /** Its number in the order of all that this participant is told. */
  seq: number;
};

/** `user_left`: the other side left, or its seat's lease ended. */
export type UserLeft = {
  /** Why, for people. */
  message: string;
  /** Who. */
  remoteSocket: string;
  /** Its number in the order of all that this participant is told. */
  seq: number;
};

/** `error`: something that the client sent was refused. */
export type ErrorEvent = {
  /** Why, for people. */
  message: string;
  /** Why, for programs. */
  code: ErrorCode;
  /** Which field is wrong, if one is. */
  field?: string;
  /** When a seat may be free, in milliseconds, if that is known. */
  retry_after_ms?: number;
};

/** `replaced`: a newer connection has the seat. */
export type Replaced = {
  /** For people. */
  message: string;
};

/** `shutting_down`: the server is about to close. */
export type ShuttingDown = {
  /** For people. */
  message: string;
  /** How long to wait before coming back, in milliseconds. */
  retry_after_ms: number;
};

/** `probe`: the server wants to see the connection alive. */
export type Probe = Record<string, never>;

/** The ack of an event that succeeded and has nothing more to say. */
export type Done = {
  /** Always `true`. */
  success: true;
};

/** The ack of `send_message`. */
export type MessageSent = {
  /** Always `true`. */
  success: true;
  /** What the message is known by. */
  id: string;
  /** When the server took it. */
  sent_at: string;
};

/** The ack of an event that was refused. */
export type Refused = {
  /** Always `false`. */
  success: false;
  /** Only of a message that the other side has all the same: `true`. */
  delivered?: true;
  /** Why, for people. */
  message: string;
  /** Why, for programs. */
  error: RefusedBecause;
};

/** What programs may want to know of a refusal. */
export type RefusedBecause = {
  /** Why. */
  code: ErrorCode;
  /** Which field is wrong, if one is. */
  field?: string;
  /** When a seat may be free, in milliseconds, if that is known. */
  retry_after_ms?: number;
};

/** What a client is told. As it is JSON, it can be given to `new RTCPeerConnection` as it is. */
export type IceConfiguration = {
  /** TURN servers are among them only for somebody who has a seat. */
  iceServers: Array<IceServer>;
  /** How many seconds the credentials are good for; `null` where there are none. */
  ttl: number | null;
  /** The TURN servers that there are, without credentials: enough to see whether they answer. */
  turnUrls: Array<string>;
};

/** The body of an answer that refuses. */
export type HttpRefusal = {
  /** Always `false`. */
  success: false;
  /** Why, for people. */
  message: string;
  /** Why, for programs. */
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
  replaced: Replaced;
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
