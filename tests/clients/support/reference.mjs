// The reference for Socket.IO behaviour: npm's socket.io with a minimum of the mesh door's events. Its
// answers have the mesh door's form; it has no seat rules and no storage.

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after } from 'node:test';
import { Server } from 'socket.io';

/** The limits of the server under test, so that both have the same limits. */
const OPTIONS = {
  pingInterval: 5_000,
  pingTimeout: 4_500,
  connectTimeout: 10_000,
  maxHttpBufferSize: 1_000_000,
  serveClient: false,
};

const NOT_JOINED = { code: 'not_joined', message: 'Join a room first' };
const UNKNOWN_EVENT = { code: 'unknown_event', message: 'There is no such event' };
const INVALID_PAYLOAD = { code: 'invalid_payload', message: 'The event takes one object' };
const BINARY_NOT_SUPPORTED = {
  code: 'binary_not_supported',
  message: 'Events with binary attachments are not supported',
};

/** Starts the reference, and stops it after the last test of the file. */
export async function startReference() {
  const http = createServer();
  const io = new Server(http, OPTIONS);
  /** @type {Map<string, Participant>} */
  const participants = new Map();
  io.on('connection', (socket) => {
    const participant = new Participant(socket, participants);
    socket.onAny((event, ...args) => participant.onEvent(event, args));
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  after(() => io.close());
  return { url: `http://localhost:${http.address().port}/` };
}

class Participant {
  #id = randomUUID();
  #appointment;
  #seq = 0;
  #socket;
  #others;

  constructor(socket, others) {
    this.#socket = socket;
    this.#others = others;
  }

  onEvent(event, args) {
    const ack = typeof args.at(-1) === 'function' ? args.pop() : () => {};
    const outcome = this.#handle(event, args);
    if (outcome.code === undefined) {
      ack({ success: true, ...outcome });
      return;
    }
    const { code, message } = outcome;
    this.#socket.emit('error', { message, code });
    ack({ success: false, message, error: { code } });
  }

  #handle(event, args) {
    if (args.some(isBinary)) return BINARY_NOT_SUPPORTED;
    switch (event) {
      case 'join_room':
        return this.#join(args);
      case 'ice_candidate':
        return this.#relay(args);
      case 'leave_room':
        return this.#leave();
      default:
        return UNKNOWN_EVENT;
    }
  }

  #join([payload, ...surplus]) {
    if (!isObject(payload) || surplus.length > 0) return INVALID_PAYLOAD;
    this.#appointment = payload.appointment_id;
    this.#socket.emit('joined_successfully', { participant: this.#id });
    for (const other of this.#others.values()) {
      if (other.#appointment === this.#appointment) other.tell('peer_joined', { remoteSocket: this.#id });
    }
    this.#others.set(this.#id, this);
    return { participant: this.#id };
  }

  #relay([payload, ...surplus]) {
    if (!isObject(payload) || surplus.length > 0) return INVALID_PAYLOAD;
    if (this.#appointment === undefined) return NOT_JOINED;
    this.#others.get(payload.remoteSocketId).tell('ice_candidate', { candidate: payload.candidate });
    return {};
  }

  #leave() {
    if (this.#appointment === undefined) return NOT_JOINED;
    this.#appointment = undefined;
    this.#others.delete(this.#id);
    return {};
  }

  tell(event, payload) {
    this.#seq += 1;
    this.#socket.emit(event, { ...payload, seq: this.#seq });
  }
}

function isObject(value) {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function isBinary(value) {
  if (Buffer.isBuffer(value)) return true;
  return value !== null && typeof value === 'object' && Object.values(value).some(isBinary);
}
