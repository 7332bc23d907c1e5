// Signaling for tests: emits the events of the test and records what the page sends.

import { Store, type Unsubscribe } from '../lib/store';
import {
  type Attempt,
  type Joined,
  type OutgoingMessage,
  type ParticipantId,
  type Signal,
  type SignalingClient,
  SignalingError,
  type SignalingEvent,
} from '../signaling/client';
import type { IceServers } from '../signaling/iceServers';

export const noIceServers: IceServers = { servers: [], expiresAt: null, turnUrls: [] };

export class FakeSignaling implements SignalingClient {
  /** Signals that the server received, in order. */
  readonly signals: Array<{ to: ParticipantId; signal: Signal }> = [];
  readonly messages: OutgoingMessage[] = [];
  /** Answer of the server to each request; accepts by default. */
  answer: () => Promise<void> = async () => {};
  isConnected = true;
  /** ICE servers that the server sends on a join and on request. */
  servers = noIceServers;
  /** Number of requests for ICE servers. */
  iceServerRequests = 0;
  readonly attempt = new Store<Attempt>({ obstacle: null, nextAt: null });
  retries = 0;

  readonly #listeners = new Set<(event: SignalingEvent) => void>();

  emit(event: SignalingEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }

  join(joined: Partial<Joined> = {}): void {
    this.isConnected = true;
    this.emit({
      type: 'joined',
      joined: {
        participant: 'me',
        peer: null,
        resumed: false,
        polite: false,
        chats: [],
        chatsAvailable: true,
        iceServers: this.servers,
        ...joined,
      },
    });
  }

  loseConnection(): void {
    this.isConnected = false;
    this.emit({ type: 'connectionLost' });
  }

  subscribe(listener: (event: SignalingEvent) => void): Unsubscribe {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async signal(to: ParticipantId, signal: Signal): Promise<void> {
    if (!this.isConnected) throw new SignalingError('disconnected');
    this.signals.push({ to, signal });
    await this.answer();
  }

  async sendMessage(message: OutgoingMessage): Promise<{ sentAt: string }> {
    if (!this.isConnected) throw new SignalingError('disconnected');
    this.messages.push(message);
    await this.answer();
    return { sentAt: '2026-01-01T09:30:00.000Z' };
  }

  async iceServers(): Promise<IceServers> {
    this.iceServerRequests += 1;
    await this.answer();
    return this.servers;
  }

  connect(): void {}

  retryNow(): void {
    this.retries += 1;
  }

  async leave(): Promise<void> {
    this.disconnect();
  }

  disconnect(): void {
    this.isConnected = false;
  }
}
