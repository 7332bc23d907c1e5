// A Socket.IO client socket with the test as its server.

import { vi } from 'vitest';

export class FakeSocket {
  readonly emitted: Array<[event: string, payload: unknown]> = [];
  /** Reports a packet from the server. */
  reportPacket: () => void = () => {};
  readonly engine = {
    on: (_packet: string, listener: () => void) => {
      this.reportPacket = listener;
    },
    close: vi.fn(() => this.drop('forced close')),
  };
  readonly io = { engine: this.engine };
  readonly connect = vi.fn();
  readonly disconnect = vi.fn();
  connected = false;
  active = true;
  /** Acknowledgements of the server, by event; null for none. */
  answers: Record<string, object | null> = {};
  readonly #listeners = new Map<string, Array<(payload: unknown) => void>>();
  #timeoutMs = 0;

  on(event: string, listener: (payload: unknown) => void): void {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
  }

  timeout(limitMs: number): this {
    this.#timeoutMs = limitMs;
    return this;
  }

  async emitWithAck(event: string, payload: unknown): Promise<object> {
    this.emitted.push([event, payload]);
    const answer = this.answers[event];
    if (answer !== null) return answer ?? { success: true };
    return new Promise((_, reject) => setTimeout(() => reject(new Error()), this.#timeoutMs));
  }

  receive(event: string, payload?: unknown): void {
    for (const listener of this.#listeners.get(event) ?? []) listener(payload);
  }

  open(): void {
    this.connected = true;
    this.receive('connect');
  }

  drop(reason = 'transport close'): void {
    this.connected = false;
    this.receive('disconnect', reason);
  }

  /** Fails a connection attempt, with the server's answer if there is one. */
  fail(answer?: object): void {
    const context = { responseText: JSON.stringify(answer) };
    this.receive('connect_error', Object.assign(new Error('xhr poll error'), { context }));
  }
}
