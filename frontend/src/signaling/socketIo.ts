// Signaling over Socket.IO: joins on every connection, comes back to the same seat after a lost
// one, and hands every event on once. The only user of socket.io-client.

import { io, type Socket } from 'socket.io-client';
import type { Unsubscribe } from '../lib/store';
import {
  type ErrorCode,
  type OutgoingMessage,
  type ParticipantId,
  type Signal,
  type SignalingClient,
  SignalingError,
  type SignalingEvent,
} from './client';
import { fetchIceServers, type IceServers } from './iceServers';
import type {
  Ack,
  ClientEvents,
  JoinedSuccessfully,
  JoinRoom,
  Refusal,
  ServerEvents,
} from './messages';
import { type SeatStorage, seatStorageFor } from './seatStorage';
import { sequenceNumberOf, toCandidate, toDescription, toJoined, toMessage } from './translate';

export type SignalingSocket = Socket<ServerEvents, ClientEvents>;

interface Appointment {
  appointmentId: string;
  name: string;
}

/** Short enough that a blink of the network is not noticed, long enough not to storm a server. */
const RECONNECT_MIN_MS = 200;
const RECONNECT_MAX_MS = 2_000;

/** How long to wait before asking again a server that is busy, or closed the connection itself. */
const BUSY_RETRY_MS = 1_000;

/** A stored message is acknowledged in milliseconds; after this the writer should know. */
const MESSAGE_TIMEOUT_MS = 10_000;

/** Leaving waits this long for the server: the seat is then freed by the closed connection. */
const LEAVE_TIMEOUT_MS = 1_000;

const passingRefusals: ErrorCode[] = ['unavailable', 'too_many_requests', 'shutting_down'];

export function createSocketIoSignaling(appointment: Appointment): SignalingClient {
  const socket: SignalingSocket = io({
    path: '/socket.io',
    autoConnect: false,
    reconnectionDelay: RECONNECT_MIN_MS,
    reconnectionDelayMax: RECONNECT_MAX_MS,
    // Long polling first gets through every proxy; once a WebSocket has worked, come back by it.
    rememberUpgrade: true,
  });
  return new SocketIoSignaling(socket, appointment, seatStorageFor(appointment.appointmentId));
}

export class SocketIoSignaling implements SignalingClient {
  readonly #socket: SignalingSocket;
  readonly #appointment: Appointment;
  readonly #seat: SeatStorage;
  readonly #listeners = new Set<(event: SignalingEvent) => void>();
  /** Null until the first join: then there is nothing to resume from. */
  #lastSeq: number | null = null;
  /** Replaced, or left: nothing may bring this connection back. */
  #over = false;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(socket: SignalingSocket, appointment: Appointment, seat: SeatStorage) {
    this.#socket = socket;
    this.#appointment = appointment;
    this.#seat = seat;
    this.#listenToConnection();
    this.#listenToRoom();
    this.#listenToPeer();
  }

  subscribe(listener: (event: SignalingEvent) => void): Unsubscribe {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  connect(): void {
    if (!this.#over) this.#socket.connect();
  }

  async signal(to: ParticipantId, signal: Signal): Promise<void> {
    await accepted(this.#sendSignal(to, signal));
  }

  async sendMessage({ id, body }: OutgoingMessage): Promise<{ sentAt: string }> {
    if (!this.#socket.connected) throw new SignalingError('disconnected');
    const socket = this.#socket.timeout(MESSAGE_TIMEOUT_MS);
    const answer = await accepted(socket.emitWithAck('send_message', { id, body }));
    return { sentAt: answer.sent_at };
  }

  async iceServers(): Promise<IceServers> {
    const session = this.#seat.read();
    const { appointmentId } = this.#appointment;
    return fetchIceServers(session ? { appointmentId, session } : undefined);
  }

  async leave(): Promise<void> {
    this.#over = true;
    this.#seat.clear();
    if (this.#socket.connected) {
      const socket = this.#socket.timeout(LEAVE_TIMEOUT_MS);
      await accepted(socket.emitWithAck('leave_room', {})).catch(() => {
        // Unheard or refused: the disconnect below frees the seat just as well.
      });
    }
    this.disconnect();
  }

  disconnect(): void {
    this.#over = true;
    clearTimeout(this.#retry);
    this.#socket.disconnect();
  }

  #sendSignal(to: ParticipantId, signal: Signal): Promise<Ack> {
    // While disconnected, Socket.IO would keep it and send it before the room is joined again.
    if (!this.#socket.connected) return Promise.reject(new SignalingError('disconnected'));
    const appointment_id = this.#appointment.appointmentId;
    const remoteSocketId = to;
    if (signal.kind === 'candidate') {
      const { candidate } = signal;
      return this.#socket.emitWithAck('ice_candidate', { candidate, remoteSocketId });
    }
    const { description } = signal;
    if (description.type === 'offer') {
      const offer = { appointment_id, offer: description, remoteSocketId };
      return this.#socket.emitWithAck('send_offer', offer);
    }
    const answer = { appointment_id, answer: description, remoteSocketId };
    return this.#socket.emitWithAck('send_answer', answer);
  }

  #listenToConnection(): void {
    const socket = this.#socket;
    socket.on('connect', () => {
      this.#delayReconnection(RECONNECT_MIN_MS);
      void this.#join();
    });
    socket.on('disconnect', (reason) => {
      if (this.#over) return;
      this.#emit({ type: 'connectionLost' });
      // The one reason after which Socket.IO does not come back by itself.
      if (reason === 'io server disconnect') this.#later(() => socket.connect());
    });
    socket.on('connect_error', (error) => {
      // An active socket tries again by itself; an inactive one was turned away by the server.
      if (socket.active || this.#over) return;
      this.#onRefused(error.message as ErrorCode, () => socket.connect());
    });
    socket.on('shutting_down', ({ retry_after_ms }) => this.#delayReconnection(retry_after_ms));
  }

  #listenToRoom(): void {
    this.#socket.on('joined_successfully', (joined) => this.#onJoined(joined));
    this.#socket.on('replaced', () => {
      this.disconnect();
      this.#emit({ type: 'replaced' });
    });
    this.#onNew('receive_message', (message) => {
      this.#emit({ type: 'message', message: toMessage(message) });
    });
  }

  #listenToPeer(): void {
    this.#onNew('peer_joined', ({ remoteSocket: id, opponent_name: name }) =>
      this.#emit({ type: 'peerJoined', peer: { id, name, connected: true } }),
    );
    this.#onNew('peer_reconnecting', ({ remoteSocket: id }) =>
      this.#emit({ type: 'peerReconnecting', id }),
    );
    this.#onNew('peer_resumed', ({ remoteSocket: id }) => this.#emit({ type: 'peerResumed', id }));
    this.#onNew('user_left', ({ remoteSocket: id }) => this.#emit({ type: 'peerLeft', id }));
    this.#onNew('receive_offer', ({ from, name, offer }) =>
      this.#emitDescription(from, name, offer),
    );
    this.#onNew('receive_answer', ({ from, answer }) => this.#emitDescription(from, null, answer));
    this.#onNew('ice_candidate', (payload) =>
      this.#emit({ type: 'candidate', candidate: toCandidate(payload) }),
    );
  }

  async #join(): Promise<void> {
    if (!this.#socket.connected) return;
    const join: JoinRoom = {
      appointment_id: this.#appointment.appointmentId,
      name: this.#appointment.name,
      session: this.#seat.read() ?? undefined,
      received: this.#lastSeq ?? undefined,
    };
    try {
      const answer = await this.#socket.emitWithAck('join_room', join);
      // Success is told by joined_successfully, which keeps its place among the events.
      if (!answer.success) this.#onRefused(answer.error.code, () => this.#join());
    } catch {
      // The connection broke; the next one joins again.
    }
  }

  #onJoined(wire: JoinedSuccessfully): void {
    // Resumed, the count goes on from what was handled; otherwise from where the server is.
    if (this.#lastSeq === null || !wire.resumed) this.#lastSeq = wire.seq;
    this.#seat.write(wire.session);
    this.#emit({ type: 'joined', joined: toJoined(wire) });
  }

  #onRefused(code: ErrorCode, again: () => void): void {
    if (passingRefusals.includes(code)) this.#later(again);
    else this.#emit({ type: 'refused', code });
  }

  #later(action: () => void): void {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(action, Math.max(BUSY_RETRY_MS, this.#socket.io.reconnectionDelay()));
  }

  #delayReconnection(delayMs: number): void {
    this.#socket.io.reconnectionDelay(delayMs);
    this.#socket.io.reconnectionDelayMax(Math.max(delayMs, RECONNECT_MAX_MS));
  }

  /** Listens to a numbered event; one that was handled before a lost connection is dropped. */
  #onNew<Name extends keyof ServerEvents>(name: Name, handle: ServerEvents[Name]): void {
    const handleNew = (payload: unknown) => {
      if (this.#isNew(sequenceNumberOf(payload))) handle(payload as never);
    };
    this.#socket.on<keyof ServerEvents>(name, handleNew);
  }

  #isNew(seq: number | null): boolean {
    if (seq === null || this.#lastSeq === null) return true;
    if (seq <= this.#lastSeq) return false;
    this.#lastSeq = seq;
    return true;
  }

  #emitDescription(from: ParticipantId, name: string | null, value: unknown): void {
    const description = toDescription(value);
    if (description) this.#emit({ type: 'description', from, name, description });
  }

  #emit(event: SignalingEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }
}

/** Turns an acknowledgement into its content, or into the error that it is or that lost it. */
async function accepted<Answer>(acknowledgement: Promise<Ack<Answer>>): Promise<Answer> {
  const answer = await acknowledgement.catch(() => {
    throw new SignalingError('disconnected');
  });
  if (isRefused(answer)) throw new SignalingError(answer.error.code);
  return answer;
}

function isRefused(answer: Ack<unknown>): answer is Refusal {
  return !answer.success;
}
