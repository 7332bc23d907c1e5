// The types of wire.ts, which are generated from the server's types, in the form of
// socket.io-client. Only this folder uses them.

import type { ClientMessages, RefusedAck, ServerMessages } from './wire';

export type {
  JoinedSuccessfully,
  JoinRoom,
  ReceiveMessage as WireMessage,
  RefusedAck as Refusal,
} from './wire';

/** Acknowledgement of an event: its result, or the refusal. */
export type Ack<Answer = object> = ({ success: true } & Answer) | RefusedAck;

export type ClientEvents = {
  /** Not an event of the protocol: any answer proves the connection alive. */
  probe: (payload: object, ack: (answer: Ack) => void) => void;
} & {
  [Event in keyof ClientMessages]: (
    payload: ClientMessages[Event]['payload'],
    ack: (answer: Ack<ClientMessages[Event]['answer']>) => void,
  ) => void;
};

export type ServerEvents = {
  [Event in keyof ServerMessages]: (payload: ServerMessages[Event]) => void;
};
