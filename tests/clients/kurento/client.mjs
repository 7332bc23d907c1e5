// A user of the kurento door with the original's library, kurento-jsonrpc. It keeps and sends cookies like a
// browser.

import { createRequire } from 'node:module';
import { after } from 'node:test';
import { WebSocket } from 'ws';
import { Inbox } from '../support/inbox.mjs';

/** The cookies of each browser; the address of a WebSocket names the browser. @type {Map<string, string>} */
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

// The library uses the globals that exist when it is loaded, and logs all it does.
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
  /**
   * Notifications, and events of the connection in brackets.
   * @type {Inbox<{method: string, params?: object}>}
   */
  inbox = new Inbox();
  session;
  #client;

  /**
   * @param {{url: string}} server or a proxy to it
   * @param {{browser: string, heartbeat?: number}} options its browser, and the interval of pings
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

  /** Sends a request; resolves with the result, rejects with the error. */
  ask(method, params) {
    return new Promise((resolve, reject) => {
      this.#client.send(method, params, (error, result) => {
        if (error) return reject(error);
        this.session = result.sessionId ?? this.session;
        return resolve(result);
      });
    });
  }

  /** As {@link ask}, for a request that must be refused; resolves with the code. */
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

  /** Waits for the next notification of that name; resolves with its parameters. */
  async next(method) {
    const { params } = await this.inbox.take((item) => item.method === method, method);
    return params;
  }

  /** All notifications of that name so far. */
  all(method) {
    return this.inbox.all.filter((item) => item.method === method);
  }

  close() {
    this.#client.close();
  }
}
