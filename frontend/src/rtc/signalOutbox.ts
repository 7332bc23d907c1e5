// Signals on their way to the server. They are kept until the server has them, so that those lost
// with a connection are sent again, in order, over the next one. Twice does no harm, once too few
// does.

import { isRefusal, type Signal } from '../signaling/client';

export class SignalOutbox {
  readonly #transmit: (signal: Signal) => Promise<void>;
  #pending: Signal[] = [];
  #isOpen = false;

  constructor(transmit: (signal: Signal) => Promise<void>) {
    this.#transmit = transmit;
  }

  push(signal: Signal): void {
    this.#pending.push(signal);
    if (this.#isOpen) void this.#send(signal);
  }

  /** Sends what waits, and from now on at once. */
  open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    for (const signal of [...this.#pending]) void this.#send(signal);
  }

  close(): void {
    this.#isOpen = false;
  }

  clear(): void {
    this.#pending = [];
  }

  async #send(signal: Signal): Promise<void> {
    try {
      await this.#transmit(signal);
      this.#remove(signal);
    } catch (error) {
      // Refused once is refused again; only what may have been lost is worth repeating.
      if (isRefusal(error)) this.#remove(signal);
    }
  }

  #remove(signal: Signal): void {
    this.#pending = this.#pending.filter((pending) => pending !== signal);
  }
}
