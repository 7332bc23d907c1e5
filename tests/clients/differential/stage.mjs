// The stage of a transcript: raw clients of one server, and a record of all answers.

import { randomUUID } from 'node:crypto';
import { joinRaw, RawPolling, RawWebSocket, request } from '../support/raw.mjs';

/** Placeholder for values that differ in each run. */
const PLACEHOLDERS = [
  [/"sid":"[^"]+"/g, '"sid":"<sid>"'],
  [/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<id>'],
];

export class Stage {
  /** The answers by client, in order. */
  record = {};
  #appointment = `appointment ${randomUUID()}`;

  constructor(server) {
    this.server = server;
  }

  /** A session that is open, and connected to the namespace unless `connected` is false. */
  async open(transport, { name = 'client', connected = true } = {}) {
    const Actor = transport === 'websocket' ? WebSocketActor : PollingActor;
    const actor = await Actor.open(this, name);
    if (connected) await actor.connect();
    return actor;
  }

  /** A second transport, WebSocket, of the long-polling session `polling`. */
  async upgrade(polling, name = 'upgrade') {
    return new WebSocketActor(this, name, await RawWebSocket.open(this.server, { sid: polling.sid }));
  }

  /** Two participants of one room: the sender and the receiver. */
  async pair(transport) {
    const writer = await this.open(transport, { name: 'writer' });
    const reader = await this.open(transport, { name: 'reader' });
    const { participant } = await reader.join(this.#appointment);
    await writer.join(this.#appointment);
    await reader.raw.packet('42["peer_joined"');
    // The answer to a join does not come from the library.
    writer.forget();
    reader.forget();
    return { writer, reader, to: `"remoteSocketId":"${participant}"` };
  }

  /** Makes one HTTP request and records its answer. */
  async request(method, target, name = 'http') {
    const answer = await request(this.server, method, target);
    this.note(name, `${method} ${answer.status} ${answer.type} ${normal(answer.body)}`);
    return answer;
  }

  /** Tries a WebSocket upgrade and records its result. */
  async attempt(target, name = 'http') {
    const { status, first } = await RawWebSocket.attempt(this.server, target);
    const outcome = first?.closed === undefined ? first : 'and closed';
    this.note(name, `upgrade ${status} ${outcome === undefined ? '' : normal(outcome)}`);
  }

  note(name, what) {
    this.record[name] ??= [];
    this.record[name].push(what);
  }
}

function normal(text) {
  return PLACEHOLDERS.reduce((changed, [pattern, placeholder]) => changed.replace(pattern, placeholder), text);
}

/** The common part of both kinds of session. */
class Actor {
  #from = 0;
  #inNamespace = false;

  constructor(stage, name, raw) {
    Object.assign(this, { stage, name, raw });
    Object.defineProperty(stage.record, name, { enumerable: true, configurable: true, get: () => this.heard() });
  }

  get sid() {
    return this.raw.sid;
  }

  /**
   * The received packets for the comparison, without answers to {@link settle}. Of a session that ended, only
   * the end: the protocol leaves open how it is announced and which packets still get out.
   */
  heard() {
    const arrivals = this.raw.inbox.all.slice(this.#from).filter((arrival) => !isAboutSettling(arrival));
    if (arrivals.some((arrival) => arrival === '1' || isEnd(arrival))) return ['the end'];
    return arrivals.map((arrival) => normal(arrival));
  }

  /** Excludes the packets received so far from the comparison. */
  forget() {
    this.#from = this.raw.inbox.all.length;
  }

  async connect() {
    await this.send('40');
    await this.connected();
  }

  /** Waits for the answer to the namespace connection. */
  async connected() {
    await this.answered('40');
    this.#inNamespace = true;
  }

  /** Sends a packet, or over long polling several in one body. */
  async send(packet) {
    if (packet === '41') this.#inNamespace = false;
    await this.transmit(packet);
  }

  async join(appointment) {
    return joinRaw(this.raw, appointment, this.name);
  }

  /** Waits until all packets sent so far have been answered, or until the session has ended. */
  async settle() {
    // Events are ordered among themselves, and so are namespaces.
    if (this.#inNamespace) {
      await this.transmit(`42${SETTLED}["settled?"]`);
      await this.answered(`43${SETTLED}[`);
    }
    await this.transmit('40/settled,');
    await this.answered('44/settled,');
  }

  /** Continues the session of `other`. */
  takesOver(other) {
    this.#inNamespace = other.#inNamespace;
  }

  /** Waits for a packet that starts with `prefix`, or for the end of the session. */
  async answered(prefix) {
    if (this.raw.inbox.all.some(isEnd)) return;
    await this.raw.inbox.take((arrival) => isEnd(arrival) || String(arrival).startsWith(prefix), `an answer ${prefix}`);
  }

  /** Waits for the end of the session. */
  async end() {
    if (this.raw.inbox.all.some(isEnd)) return;
    await this.raw.inbox.take(isEnd, 'the end of the session');
  }
}

/** The id of the ack which shows that all events were answered. */
const SETTLED = 424_242;

function isAboutSettling(arrival) {
  return typeof arrival === 'string' && (arrival.startsWith('44/settled,') || arrival.startsWith(`43${SETTLED}[`));
}

function isEnd(arrival) {
  return arrival?.closed !== undefined;
}

class WebSocketActor extends Actor {
  static async open(stage, name) {
    const raw = await RawWebSocket.open(stage.server);
    raw.sid = JSON.parse((await raw.packet('0')).slice(1)).sid;
    return new WebSocketActor(stage, name, raw);
  }

  async transmit(packet) {
    this.raw.send(packet);
  }

  sendBytesAsText(bytes) {
    this.raw.sendBytesAsText(bytes);
  }
}

class PollingActor extends Actor {
  #refusals = [];

  static async open(stage, name) {
    const raw = await RawPolling.open(stage.server);
    return new PollingActor(stage, name, raw.keepPolling());
  }

  async transmit(body) {
    // Binary is sent as base64 over long polling.
    const text = typeof body === 'string' ? body : `b${Buffer.from(body).toString('base64')}`;
    const { status, body: answer } = await this.raw.post(text);
    if (status !== 200 || answer !== 'ok') this.#refusals.push(`${status} ${answer}`);
  }

  heard() {
    const heard = super.heard();
    return heard[0] === 'the end' ? heard : [...this.#refusals, ...heard];
  }
}
