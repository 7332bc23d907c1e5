// A user of the kurento door on the original's own library, kurento-jsonrpc, in a browser as far as the server can tell:
// cookies are kept and sent.

import { createRequire } from 'node:module';
import { after } from 'node:test';
import { WebSocket } from 'ws';
import { Inbox } from '../support/inbox.mjs';

/** What each browser keeps, by its name, which the address of a WebSocket names. @type {Map<string, string>} */
const cookies = new Map();

class BrowserWebSocket extends WebSocket {
  constructor(address) {
    const browser = new URL(address).searchParams.get('browser');
    const cookie = cookies.get(browser);
    super(address, { headers: cookie ? { cookie } : {} });
    this.on('upgrade', ({ headers }) => {
      const [line] = headers['set-cookie'] ?? [];
      if (line) cookies.set(browser, line.split(';')[0]);
    });
  }
}

// The library takes what is there when it is loaded, and says all that it does.
globalThis.WebSocket = BrowserWebSocket;
for (const level of ['debug', 'error', 'warn', 'info']) console[level] = () => {};
const { JsonRpcClient } = createRequire(import.meta.url)('kurento-jsonrpc').clients;

const NOTIFICATIONS = [
  'participantJoined',
  'participantPublished',
  'participantUnpublished',
  'participantLeft',
  'participantEvicted',
  'roomClosed',
  'sendMessage',
  'iceCandidate',
  'mediaError',
];

export class KurentoUser {
  /** Notifications, and what became of the connection, in brackets. @type {Inbox<{method: string, params?: object}>} */
  inbox = new Inbox();
  session;
  #client;

  /**
   * @param {{url: string}} server or a proxy to it
   * @param {{browser: string, heartbeat?: number}} options whose browser it is, and how often it pings
   */
  constructor(server, { browser, heartbeat = 100 }) {
    const uri = new URL(`/room?browser=${browser}`, server.url);
    uri.protocol = 'ws:';
    const put = (method) => (params) => this.inbox.put({ method, params });
    this.#client = new JsonRpcClient({
      heartbeat,
      sendCloseMessage: false,
      ws: {
        uri: uri.href,
        useSockJS: false,
        onconnected: put('(connected)'),
        onreconnecting: put('(reconnecting)'),
        onreconnected: put('(reconnected)'),
        ondisconnect: put('(disconnected)'),
        onerror: put('(error)'),
      },
      rpc: {
        requestTimeout: 15_000,
        ...Object.fromEntries(NOTIFICATIONS.map((method) => [method, put(method)])),
      },
    });
    after(() => this.close());
  }

  /** Asks for something; resolves with the result, rejects with the error. */
  ask(method, params) {
    return new Promise((resolve, reject) => {
      this.#client.send(method, params, (error, result) => {
        if (error) return reject(error);
        this.session = result.sessionId ?? this.session;
        return resolve(result);
      });
    });
  }

  /** As {@link ask}, for what must be refused; resolves with the code. */
  async refused(method, params) {
    return this.ask(method, params).then(
      () => Promise.reject(new Error(`${method} was not refused`)),
      ({ code }) => code,
    );
  }

  async join(user, room) {
    await this.next('(connected)');
    const { value } = await this.ask('joinRoom', { user, room });
    return value;
  }

  /** The parameters of the next notification of that name. */
  async next(method) {
    const { params } = await this.inbox.take((item) => item.method === method, method);
    return params;
  }

  /** Everything of that name so far. */
  all(method) {
    return this.inbox.all.filter((item) => item.method === method);
  }

  close() {
    this.#client.close();
  }
}
