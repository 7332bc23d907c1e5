// Signals on their way to the server, kept until it acknowledges them. Those lost with a connection
// are sent again, in order, over the next one; a signal received twice does no harm.

import { isRefusal, type Signal } from '../../signaling/client';

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

  /** Sends the pending signals, and later ones at once. */
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
      // The server would refuse it again; only a signal that may be lost is repeated.
      if (isRefusal(error)) this.#remove(signal);
    }
  }

  #remove(signal: Signal): void {
    this.#pending = this.#pending.filter((pending) => pending !== signal);
  }
}
