// The wire in the form that socket.io-client takes types in. What goes over it is in wire.ts, which is
// made from the server's own types. Nothing outside this folder sees these types.

import type { ClientMessages, Refused, ServerMessages } from './wire';

export type {
  JoinedSuccessfully,
  JoinRoom,
  ReceiveMessage as WireMessage,
  Refused as Refusal,
} from './wire';

/** The answer to an event: what was asked for, or why not. */
export type Ack<Answer = object> = ({ success: true } & Answer) | Refused;

export type ClientEvents = {
  /** No event of the contract: any answer shows that the connection lives. */
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
