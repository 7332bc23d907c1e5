// A client of the direct door as the original's own page speaks: it registers with fetch, reads its name from the
// cookie, opens a WebSocket, and sends {target, type, payload}. It keeps cookies as a browser does.

import { once } from 'node:events';
import { after } from 'node:test';
import { WebSocket } from 'ws';
import { within } from '../support/deadline.mjs';
import { Inbox } from '../support/inbox.mjs';

export class DirectClient {
  /** Messages as they came, parsed; `{closed, reason}` where a connection ended. */
  inbox = new Inbox();
  #server;
  #prefix;
  /** What the browser keeps, and what of it the page may read. @type {Map<string, {value: string, httpOnly: boolean}>} */
  #cookies = new Map();
  #ws;

  /**
   * @param {{url: string}} server
   * @param {string} prefix where the door is: `''`, or `/api` as behind the original's proxy
   */
  constructor(server, prefix = '') {
    this.#server = server;
    this.#prefix = prefix;
    after(() => this.#ws?.terminate());
  }

  /** What the page sees of its cookies. */
  get documentCookie() {
    return this.#pairs((cookie) => !cookie.httpOnly);
  }

  /** The name, as a page finds it. */
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

  /** The status that says whether this browser's user is registered. */
  async user() {
    const { status } = await this.#fetch('/v1/user');
    return status;
  }

  async kick() {
    return (await this.#fetch('/v1/kick-active-users')).text();
  }

  /** Opens the WebSocket. Whether the user is let in is known when something has come through it. */
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

  /** How the connection ended. */
  ended() {
    return this.inbox.take((message) => 'closed' in message, `the end of ${this.username}'s connection`);
  }

  /** Closes as a page does that says so; resolves when the server has answered. */
  async close() {
    this.#ws.close();
    return this.ended();
  }

  /** Goes away without a word, as a laptop does whose lid is closed. */
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
