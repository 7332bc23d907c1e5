// A client of the signals door that behaves like the original's page: it does not encode the name in the
// path, sends the handshake when the WebSocket opens, reads the reasons of close events, and never leaves by
// itself.

import { once } from 'node:events';
import { after } from 'node:test';
import { WebSocket } from 'ws';
import { within } from '../support/deadline.mjs';
import { Inbox } from '../support/inbox.mjs';

export class Caller {
  /** Received messages as text; then `{code, reason}` of the end. @type {Inbox<string | object>} */
  inbox = new Inbox();
  #server;
  #call;
  #session;
  #ws;

  constructor(server, call) {
    this.#server = server;
    this.#call = call;
  }

  /** Takes a seat. Rejects with the status if there is none. */
  async join() {
    const response = await within(fetch(`${this.#server.url}/call/${this.#call}`), 'the answer to a join');
    if (!response.ok) throw Object.assign(new Error(`HTTP ${response.status} on call join.`), { status: response.status });
    const joined = await response.json();
    this.#session = joined.session;
    return joined;
  }

  /** Opens the WebSocket and sends the handshake. The welcome is the first thing in the inbox. */
  async open(options = {}) {
    const inbox = new Inbox();
    this.inbox = inbox;
    const ws = new WebSocket(`${this.#server.url.replace('http', 'ws')}/ws`, options);
    this.#ws = ws;
    after(() => ws.terminate());
    ws.on('message', (data) => inbox.put(data.toString()));
    ws.on('close', (code, reason) => inbox.put({ code, reason: reason.toString() }));
    await within(once(ws, 'open'), 'the WebSocket');
    ws.send(JSON.stringify({ kind: 'JOIN', call: this.#call, session: this.#session }));
  }

  /** Takes a seat, opens the WebSocket, and waits for the WELCOME. */
  async enter() {
    await this.join();
    await this.open();
    await this.next();
    return this;
  }

  /** Waits for the next message, parsed, or for the end of the WebSocket. */
  async next() {
    const arrived = await this.inbox.next();
    return typeof arrived === 'string' ? JSON.parse(arrived) : arrived;
  }

  /** Posts a signal; resolves with the status. */
  async publish(kind, body) {
    const response = await within(
      fetch(`${this.#server.url}/signal`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ kind, body, call: this.#call, session: this.#session }),
      }),
      'the answer to a signal',
    );
    return response.status;
  }

  close(...reason) {
    this.#ws.close(...reason);
  }

  /** Disconnects like a machine that loses its power. */
  vanish() {
    this.#ws.terminate();
  }
}
