// The ways in which a connection can end, with the real socket.io-client and its sockets.

import { startProxy } from './proxy.mjs';

const [WEBSOCKET, POLLING, UPGRADED] = ['WebSocket', 'long polling', 'long polling upgraded to WebSocket'];
const FRAMED = [WEBSOCKET, UPGRADED];
const ALL = [WEBSOCKET, POLLING, UPGRADED];

/** The `ws` WebSocket of a client, and its TCP connection. */
const webSocketOf = (client) => client.engine.transport.ws;
const tcpOf = (client) => webSocketOf(client)._socket;

/**
 * @typedef {object} Ending
 * @property {string} name
 * @property {string[]} over names of the transports that can end in this way
 * @property {boolean} [throughProxy] true if `end` needs a network that can fail
 * @property {(client: import('./client.mjs').Client, network?: object) => unknown} end
 */

/** The client gives its seat up. @type {Ending[]} */
export const GIVEN_UP = [
  { name: 'leave_room', over: ALL, end: (client) => client.tell('leave_room', {}) },
  { name: 'a DISCONNECT packet', over: ALL, end: (client) => client.socket.disconnect() },
];

/** The client closes its connection without giving its seat up. @type {Ending[]} */
export const CLOSED = [
  { name: 'a Close frame 1001', over: FRAMED, end: (client) => webSocketOf(client).close(1001) },
  { name: 'a Close frame 1000', over: FRAMED, end: (client) => webSocketOf(client).close(1000) },
  { name: 'a Close frame without a code', over: FRAMED, end: (client) => client.engine.close() },
  { name: 'a close packet of Engine.IO in a frame', over: FRAMED, end: (client) => webSocketOf(client).send('1') },
  { name: 'a close packet of Engine.IO', over: [POLLING], end: (client) => client.engine.close() },
];

/** The connection ends without a close by the client. @type {Ending[]} */
export const LOST = [
  { name: 'FIN', over: FRAMED, end: (client) => tcpOf(client).end() },
  { name: 'RST', over: FRAMED, end: (client) => tcpOf(client).resetAndDestroy() },
  { name: 'cut requests', over: [POLLING], throughProxy: true, end: (_, network) => network.break() },
  { name: 'a ping time-out', over: ALL, throughProxy: true, end: (_, network) => network.fallSilent() },
];

/** The server, or a proxy in front of it if `ending` needs a network that can fail. */
export async function networkFor(ending, server) {
  return ending.throughProxy ? startProxy(server) : server;
}
