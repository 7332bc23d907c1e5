// Engine.IO v4 without a library, so that tests send and receive raw packets. Source: Engine.IO protocol v4.

import { once } from 'node:events';
import { after } from 'node:test';
import { WebSocket } from 'ws';
import { within } from './deadline.mjs';
import { Inbox } from './inbox.mjs';
import { PATHS } from './modes.mjs';

/** Separates the packets of one long-polling body. */
export const SEPARATOR = '\x1e';

/** The address of an Engine.IO request. */
export function engineUrl(server, transport, { path = PATHS[0], sid, query = {} } = {}) {
  const url = new URL(`${path}/`, server.url);
  const parameters = { EIO: '4', transport, ...(sid === undefined ? {} : { sid }), ...query };
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null) url.searchParams.set(name, value);
  }
  return url;
}

/** Sends one request of the long-polling transport; resolves with its status and raw body. */
export async function request(server, method, { body, headers, signal, ...target } = {}) {
  const answer = await within(
    fetch(engineUrl(server, 'polling', target), {
      method,
      body,
      signal,
      headers: { ...(body === undefined ? {} : { 'content-type': 'text/plain;charset=UTF-8' }), ...headers },
    }).then(async (response) => ({
      status: response.status,
      type: response.headers.get('content-type'),
      body: await response.text(),
    })),
    `the answer to ${method}`,
  );
  return answer;
}

/**
 * Received packets in order; pings are answered and left out. An item is a text, a `Buffer`, or, as the last,
 * `{closed}` with the WebSocket close code.
 */
export class RawWebSocket {
  inbox = new Inbox();
  #ws;

  /**
   * Opens a session; its first item is the `0{…}` packet. With a `sid` it is a second transport of that
   * session.
   */
  static async open(server, target = {}) {
    const url = engineUrl(server, 'websocket', target);
    url.protocol = 'ws:';
    const ws = new WebSocket(url, { perMessageDeflate: false, headers: target.headers });
    const socket = new RawWebSocket(ws);
    await within(once(ws, 'open'), 'a WebSocket');
    return socket;
  }

  /**
   * Tries to open a session, or to take one over, and to send for it. Resolves with the HTTP status and, if
   * that is 101, with the first item: a packet, or `{closed}`.
   */
  static async attempt(server, target = {}) {
    const url = engineUrl(server, 'websocket', target);
    url.protocol = 'ws:';
    const ws = new WebSocket(url, { perMessageDeflate: false, headers: target.headers });
    const verdict = new Promise((resolve, reject) => {
      ws.once('error', reject);
      ws.once('unexpected-response', (_, response) => {
        response.resume();
        resolve({ status: response.statusCode });
      });
      ws.once('open', async () => {
        ws.off('error', reject);
        const socket = new RawWebSocket(ws);
        for (const packet of ['2probe', '5', '42["leave_room"]']) socket.send(packet);
        resolve({ status: 101, first: await socket.next() });
      });
    });
    return within(verdict, 'the answer to a WebSocket upgrade');
  }

  constructor(ws) {
    this.#ws = ws;
    ws.on('message', (data, isBinary) => {
      if (isBinary) {
        this.inbox.put(data);
      } else if (data.toString() === '2') {
        this.send('3');
      } else {
        this.inbox.put(data.toString());
      }
    });
    ws.on('close', (closed) => this.inbox.put({ closed }));
    ws.on('error', () => {});
    after(() => ws.terminate());
  }

  /** @param {string | Uint8Array} packet */
  send(packet) {
    if (this.#ws.readyState === WebSocket.OPEN) this.#ws.send(packet);
  }

  /** Sends bytes unchanged in a text frame, even invalid UTF-8. */
  sendBytesAsText(bytes) {
    this.#ws.send(bytes, { binary: false });
  }

  next(what) {
    return this.inbox.next(what);
  }

  /** Takes the next packet that starts with `prefix`. */
  packet(prefix) {
    return this.inbox.take((arrival) => typeof arrival === 'string' && arrival.startsWith(prefix), `a packet ${prefix}`);
  }

  close() {
    this.#ws.close();
  }

  terminate() {
    this.#ws.terminate();
  }
}

/** A long-polling session. Polls by itself after {@link keepPolling}, as real clients do. */
export class RawPolling {
  inbox = new Inbox();
  /** True while {@link keepPolling} runs. */
  #polling = false;
  #stop = new AbortController();

  static async open(server, target = {}) {
    const { body } = await request(server, 'GET', target);
    const session = new RawPolling(server, target);
    session.handshake = JSON.parse(body.slice(1));
    session.sid = session.handshake.sid;
    after(() => session.stop());
    return session;
  }

  constructor(server, target) {
    this.server = server;
    this.target = target;
  }

  poll(signal) {
    return request(this.server, 'GET', { ...this.target, sid: this.sid, signal });
  }

  post(body, signal) {
    return request(this.server, 'POST', { ...this.target, sid: this.sid, body, signal });
  }

  send(packet) {
    return this.post(packet);
  }

  /** Puts all received packets into the inbox, until the session ends. */
  keepPolling() {
    this.#polling = true;
    const { signal } = this.#stop;
    this.ended = this.#pollOn(signal).catch((error) => {
      if (!signal.aborted) this.inbox.put({ closed: error.message });
    });
    return this;
  }

  async #pollOn(signal) {
    while (this.#polling) {
      const { status, body } = await this.poll(signal);
      if (status !== 200) {
        this.inbox.put({ closed: status });
        return;
      }
      for (const packet of body.split(SEPARATOR)) {
        if (packet === '2') {
          await this.post('3', signal);
        } else if (packet !== '6') {
          this.inbox.put(packet);
        }
      }
    }
  }

  /** Stops polling at once. */
  stop() {
    this.#polling = false;
    this.#stop.abort();
  }

  /** Stops polling when the current poll has been answered, like a client that upgrades to WebSocket. */
  async pause() {
    this.#polling = false;
    await within(this.ended, 'the answer to the last poll');
  }

  next(what) {
    return this.inbox.next(what);
  }

  /** Takes the next packet that starts with `prefix`. */
  packet(prefix) {
    return this.inbox.take((arrival) => typeof arrival === 'string' && arrival.startsWith(prefix), `a packet ${prefix}`);
  }
}

/** Opens a session of either kind, up to and including the connection to the namespace. */
export async function openRaw(server, transport, target = {}) {
  const raw =
    transport === 'websocket'
      ? await RawWebSocket.open(server, target)
      : (await RawPolling.open(server, target)).keepPolling();
  if (transport === 'websocket') raw.handshake = JSON.parse((await raw.packet('0')).slice(1));
  raw.sid = raw.handshake.sid;
  await raw.send('40');
  raw.socketId = JSON.parse((await raw.packet('40')).slice(2)).sid;
  return raw;
}

/** Sends a join; resolves with the reply. */
export async function joinRaw(raw, appointment, name, extra = {}) {
  const payload = { appointment_id: appointment, name, ...extra };
  await raw.send(`42${JSON.stringify(['join_room', payload])}`);
  const packet = await raw.packet('42["joined_successfully"');
  return JSON.parse(packet.slice(2))[1];
}
