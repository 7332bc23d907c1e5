// Signaling over Socket.IO: joins on every connection, resumes the seat after a lost one, and emits
// every event once. Only this file and serverConnection.ts use socket.io-client.

import { io } from 'socket.io-client';
import { serverPath } from '../lib/basePath';
import type { Readable, Unsubscribe } from '../lib/store';
import {
  type Attempt,
  isRefusal,
  type OutgoingMessage,
  type ParticipantId,
  type Signal,
  type SignalingClient,
  SignalingError,
  type SignalingEvent,
} from './client';
import { fetchIceServers, type IceServers } from './iceServers';
import type { Ack, JoinedSuccessfully, JoinRoom, Refusal, ServerEvents } from './messages';
import { type SeatStorage, seatStorageFor } from './seatStorage';
import { isPassing, ServerConnection, type SignalingSocket } from './serverConnection';
import { sequenceNumberOf, toCandidate, toDescription, toJoined, toMessage } from './translate';

interface Appointment {
  appointmentId: string;
  name: string;
}

/** Time for opening a connection; a slower one is replaced. */
const CONNECT_TIMEOUT_MS = 10_000;

/** Time for storing a message, which takes milliseconds; after it, the message has failed. */
const MESSAGE_TIMEOUT_MS = 10_000;

/** Time for the answer to `leave_room`; after it, the DISCONNECT packet frees the seat. */
const LEAVE_TIMEOUT_MS = 1_000;

export function createSocketIoSignaling(appointment: Appointment): SignalingClient {
  const { appointmentId, name } = appointment;
  const socket: SignalingSocket = io({
    path: serverPath('/socket.io'),
    autoConnect: false,
    // serverConnection.ts reconnects: it chooses the moment, and reports it.
    reconnection: false,
    timeout: CONNECT_TIMEOUT_MS,
    // Long polling first, since it passes every proxy; later connections start with a WebSocket.
    rememberUpgrade: true,
  });
  return new SocketIoSignaling(socket, appointment, seatStorageFor(appointmentId, name));
}

export class SocketIoSignaling implements SignalingClient {
  readonly #socket: SignalingSocket;
  readonly #connection: ServerConnection;
  readonly #appointment: Appointment;
  readonly #seat: SeatStorage;
  readonly #listeners = new Set<(event: SignalingEvent) => void>();
  /** Null before the first join: there is nothing to resume. */
  #lastSeq: number | null = null;

  constructor(socket: SignalingSocket, appointment: Appointment, seat: SeatStorage) {
    this.#socket = socket;
    this.#appointment = appointment;
    this.#seat = seat;
    this.#connection = new ServerConnection(socket, {
      onOpen: () => void this.#join(),
      onLost: () => this.#emit({ type: 'connectionLost' }),
      onRefused: (code) => this.#emit({ type: 'refused', code }),
    });
    this.#listenToRoom();
    this.#listenToPeer();
  }

  get attempt(): Readable<Attempt> {
    return this.#connection.attempt;
  }

  subscribe(listener: (event: SignalingEvent) => void): Unsubscribe {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  connect(): void {
    this.#connection.open();
  }

  retryNow(): void {
    this.#connection.retryNow();
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
    const { appointmentId } = this.#appointment;
    const session = this.#seat.read()?.session;
    return fetchIceServers(session ? { appointmentId, session } : undefined);
  }

  async leave(): Promise<void> {
    const forget = this.#seat.leave();
    if (await this.#giveSeatUp()) forget();
    this.#connection.close();
  }

  /** False if the server may not have received it, and may keep the seat for its lease. */
  async #giveSeatUp(): Promise<boolean> {
    if (!this.#socket.connected) return false;
    const socket = this.#socket.timeout(LEAVE_TIMEOUT_MS);
    return accepted(socket.emitWithAck('leave_room', {})).then(() => true, isRefusal);
  }

  disconnect(): void {
    this.#connection.drop();
  }

  #sendSignal(to: ParticipantId, signal: Signal): Promise<Ack> {
    // Socket.IO would buffer the signal while disconnected, and send it before the next join.
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
      // Null protects the seat from the first join on: this client can resume.
      session: this.#seat.read()?.session ?? null,
      received: this.#lastSeq ?? undefined,
    };
    try {
      const answer = await this.#socket.emitWithAck('join_room', join);
      // A success is handled by `joined_successfully`, which is ordered with the other events.
      if (!answer.success) this.#onRefused(answer);
    } catch {
      // The connection was lost; the next one joins again.
    }
  }

  #onRefused({ error: { code, field, retry_after_ms } }: Refusal): void {
    if (code === 'room_full') this.#onRoomFull(retry_after_ms);
    else if (isPassing(code)) this.#connection.retryAfterRefusal(code, () => void this.#join());
    else this.#emit({ type: 'refused', code, field });
  }

  #onRoomFull(retryAfterMs: number | undefined): void {
    this.#connection.retryWhenFree(retryAfterMs, () => void this.#join());
    this.#emit({ type: 'roomFull', seat: retryAfterMs === undefined ? 'taken' : 'held' });
  }

  #onJoined(wire: JoinedSuccessfully): void {
    // A resumed stream continues from the last handled event; a reset one from the server's number.
    if (this.#lastSeq === null || !wire.resumed) this.#lastSeq = wire.seq;
    const { participant, session } = wire;
    this.#seat.write({ participant, session });
    this.#connection.reportSuccess();
    this.#emit({ type: 'joined', joined: toJoined(wire) });
  }

  /** Listens to a numbered event; drops one that was handled before a lost connection. */
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

/** Resolves to the result of an acknowledgement; rejects with a refusal or a lost connection. */
async function accepted<Answer>(acknowledgement: Promise<Ack<Answer>>): Promise<Answer> {
  const answer = await acknowledgement.catch(() => {
    throw new SignalingError('disconnected');
  });
  if (isRefused(answer)) throw new SignalingError(answer.error.code, answer.delivered);
  return answer;
}

function isRefused(answer: Ack<unknown>): answer is Refusal {
  return !answer.success;
}
