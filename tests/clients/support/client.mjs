// A participant's client: the real socket.io-client, which keeps all received events in order.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after } from 'node:test';
import { io } from 'socket.io-client';
import { DEADLINE_MS } from './deadline.mjs';
import { Inbox } from './inbox.mjs';
import { MODES } from './modes.mjs';

/** An appointment that no other test uses. */
export function newAppointment() {
  return `appointment ${randomUUID()}`;
}

/**
 * Connects to the server, over the last transport of `mode` once this resolves.
 *
 * @param {{url: string}} server or a proxy to it
 */
export async function connect(server, mode = MODES[0]) {
  const client = new Client(server, mode);
  await client.connected();
  if (mode.transports.length > 1) await client.upgraded();
  return client;
}

/** The field by which a client's first join says that it can resume: its seat is protected. */
export const CAN_RESUME = { session: null };

/** As {@link connect}, then joins. The reply is the client's `reply`. */
export async function connectAndJoin(server, mode, appointment, name, extra = {}) {
  const client = await connect(server, mode);
  await client.join(appointment, name, extra);
  return client;
}

/** Ann and Bob in a new appointment; each has been told of the other. */
export async function connectPair(server, mode, appointment = newAppointment(), extra = {}) {
  const ann = await connectAndJoin(server, mode, appointment, 'Ann', extra);
  const bob = await connectAndJoin(server, mode, appointment, 'Bob', extra);
  const { remoteSocket } = await ann.next('peer_joined');
  assert.equal(remoteSocket, bob.id);
  return { appointment, ann, bob };
}

export class Client {
  /** Received events and ends of connections, in order. @type {Inbox<{event: string, args: unknown[]}>} */
  inbox = new Inbox();
  /** Every reply to a join. */
  replies = [];
  /** Every id of the transport; no other client may ever see one. @type {Set<string>} */
  transportIds = new Set();
  appointment;
  name;

  /** `connectSocket` is the `io` of a version of the library. */
  constructor(server, { path, transports }, { connectNow = true, connectSocket = io } = {}) {
    this.socket = connectSocket(server.url, {
      path,
      transports,
      forceNew: true,
      autoConnect: false,
      reconnectionDelay: 20,
      reconnectionDelayMax: 100,
      ackTimeout: DEADLINE_MS,
    });
    this.socket.onAny((event, ...args) => this.inbox.put({ event, args }));
    this.socket.on('connect', () => {
      this.transportIds.add(this.socket.id).add(this.engine.id);
      this.inbox.put({ event: '(connected)', args: [] });
    });
    this.socket.on('disconnect', (reason) => this.inbox.put({ event: '(disconnected)', args: [reason] }));
    after(() => this.socket.disconnect());
    if (connectNow) this.socket.connect();
  }

  /** The Engine.IO connection underneath. */
  get engine() {
    return this.socket.io.engine;
  }

  /** The last reply to a join. */
  get reply() {
    return this.replies.at(-1);
  }

  /** This participant's own id. */
  get id() {
    return this.reply.participant;
  }

  /** Takes the next arrival of `event`; its argument. */
  async next(event) {
    const arrival = await this.inbox.take((arrived) => arrived.event === event, `${event} to ${this.name}`);
    return arrival.args[0];
  }

  /** The arguments of all arrivals of `event` so far, taken or not. */
  all(event) {
    return this.inbox.all.filter((arrived) => arrived.event === event).map((arrived) => arrived.args[0]);
  }

  /** The names of all received events except probes, in order. */
  get heard() {
    return this.inbox.all.map(({ event }) => event).filter((event) => event !== 'probe' && !event.startsWith('('));
  }

  connected() {
    return this.next('(connected)');
  }

  disconnected() {
    return this.next('(disconnected)');
  }

  async upgraded() {
    if (this.engine.transport.name === 'websocket') return;
    this.engine.once('upgrade', () => this.inbox.put({ event: '(upgraded)', args: [] }));
    await this.next('(upgraded)');
  }

  /** Sends an event and resolves with its ack. */
  ask(event, ...args) {
    // Versions before 4.6 have no emitWithAck.
    if (!this.socket.emitWithAck) return new Promise((resolve) => this.socket.emit(event, ...args, resolve));
    return this.socket.emitWithAck(event, ...args);
  }

  /** As {@link ask}, for an event that must succeed. */
  async tell(event, payload) {
    const ack = await this.ask(event, payload);
    assert.equal(ack.success, true, JSON.stringify(ack));
    return ack;
  }

  /** Joins, and checks that the ack is the `joined_successfully` object. */
  async join(appointment, name, extra = {}) {
    this.appointment = appointment;
    this.name = name;
    const { success, ...ack } = await this.tell('join_room', { appointment_id: appointment, name, ...extra });
    const reply = await this.next('joined_successfully');
    // The tokens of the event and the ack may have different dates; the rest is equal.
    assert.deepEqual({ ...ack, session: reply.session }, reply);
    this.replies.push(reply);
    return reply;
  }

  /** Resumes its seat. */
  rejoin(extra = {}) {
    return this.join(this.appointment, this.name, { session: this.reply.session, ...extra });
  }

  /**
   * Sends an event that must be refused; resolves with the code, when the ack and the `error` event agree.
   */
  async refused(event, ...args) {
    const ack = await this.ask(event, ...args);
    assert.equal(ack.success, false, `${event} ${JSON.stringify(args)} was not refused`);
    const { message, ...told } = await this.next('error');
    assert.deepEqual({ message, error: told }, { message: ack.message, error: ack.error });
    assert.ok(message.length > 0);
    return told;
  }

  /**
   * Joins a full room until the server says when a lease ends: the other side may be told a moment earlier
   * that a connection is lost. Resolves with `retry_after_ms`.
   */
  async timeUntilFree(appointment, name, extra = {}) {
    for (;;) {
      const refusal = await this.refused('join_room', { appointment_id: appointment, name, ...extra });
      const { retry_after_ms, ...told } = refusal;
      assert.deepEqual(told, { code: 'room_full' });
      if (retry_after_ms !== undefined) return retry_after_ms;
    }
  }

  offer(to, offer = { type: 'offer', sdp: 'v=0\r\n' }) {
    return this.tell('send_offer', { appointment_id: this.appointment, offer, remoteSocketId: to.id ?? to });
  }

  answer(to, answer = { type: 'answer', sdp: 'v=0\r\n' }) {
    return this.tell('send_answer', { appointment_id: this.appointment, answer, remoteSocketId: to.id ?? to });
  }

  candidate(to, candidate = { candidate: '', sdpMid: '0' }) {
    return this.tell('ice_candidate', { remoteSocketId: to.id ?? to, candidate });
  }
}
