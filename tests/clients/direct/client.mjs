// A client of the direct door that behaves like the original's page: it registers with fetch, reads its name
// from the cookie, opens a WebSocket, and sends {target, type, payload}. It keeps cookies as a browser does.

import { once } from 'node:events';
import { after } from 'node:test';
import { WebSocket } from 'ws';
import { within } from '../support/deadline.mjs';
import { Inbox } from '../support/inbox.mjs';

export class DirectClient {
  /** Received messages, parsed; `{closed, reason}` where a connection ended. */
  inbox = new Inbox();
  #server;
  #prefix;
  /**
   * The browser's cookies, and whether the page may read each.
   * @type {Map<string, {value: string, httpOnly: boolean}>}
   */
  #cookies = new Map();
  #ws;

  /**
   * @param {{url: string}} server
   * @param {string} prefix path of the door: `''`, or `/api` as behind the original's proxy
   */
  constructor(server, prefix = '') {
    this.#server = server;
    this.#prefix = prefix;
    after(() => this.#ws?.terminate());
  }

  /** The cookies that the page can read. */
  get documentCookie() {
    return this.#pairs((cookie) => !cookie.httpOnly);
  }

  /** The name, as a page reads it. */
  get username() {
    const pair = this.documentCookie.split('; ').find((cookie) => cookie.startsWith('user_username='));
    return pair && decodeURIComponent(pair.slice('user_username='.length));
  }

  async register(username) {
    const answer = await this.#fetch('/v1/register', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ username }),
    });
    return answer.json();
  }

  /** The status of `/v1/user`, which says whether this browser's user is registered. */
  async user() {
    const { status } = await this.#fetch('/v1/user');
    return status;
  }

  async kick() {
    return (await this.#fetch('/v1/kick-active-users')).text();
  }

  /** Opens the WebSocket. Only a message shows that the user is accepted. */
  async connect() {
    const url = new URL(`${this.#prefix}/v1/connect`, this.#server.url);
    url.protocol = 'ws:';
    const ws = new WebSocket(url, { headers: { Cookie: this.#pairs(() => true) } });
    ws.on('message', (data) => this.inbox.put(JSON.parse(data)));
    ws.on('close', (closed, reason) => this.inbox.put({ closed, reason: reason.toString() }));
    ws.on('error', () => {});
    this.#ws = ws;
    await within(once(ws, 'open'), 'a WebSocket');
  }

  /** Connects, and waits until others can reach this user. */
  async arrive() {
    await this.connect();
    this.send(this.username, 'here');
    await this.next('here');
  }

  send(target, type, payload) {
    this.#ws.send(JSON.stringify({ target, type, payload }));
  }

  /** Takes the next message of a type. */
  next(type) {
    return this.inbox.take((message) => message.type === type, `${type} to ${this.username}`);
  }

  /** Waits for the end of the connection. */
  ended() {
    return this.inbox.take((message) => 'closed' in message, `the end of ${this.username}'s connection`);
  }

  /** Closes the WebSocket; resolves when the server has answered. */
  async close() {
    this.#ws.close();
    return this.ended();
  }

  /** Disconnects without a Close frame, like a laptop whose lid is closed. */
  terminate() {
    this.#ws.terminate();
  }

  async #fetch(path, options = {}) {
    const headers = { ...options.headers, Cookie: this.#pairs(() => true) };
    const answer = await fetch(new URL(this.#prefix + path, this.#server.url), { ...options, headers });
    for (const line of answer.headers.getSetCookie()) {
      const [pair, ...attributes] = line.split('; ');
      const [name, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
      if (attributes.includes('Max-Age=0')) this.#cookies.delete(name);
      else this.#cookies.set(name, { value, httpOnly: attributes.includes('HttpOnly') });
    }
    return answer;
  }

  #pairs(which) {
    const cookies = [...this.#cookies].filter(([, cookie]) => which(cookie));
    return cookies.map(([name, { value }]) => `${name}=${value}`).join('; ');
  }
}
