// Record of a visit: its length, and the server's refusal if there was one.

import { type Readable, Store } from '../lib/store';
import type { Refused, SignalingClient } from '../signaling/client';

export interface VisitRecord {
  /** In milliseconds since 1970, like `endedAt`; null for a user who never joined. */
  joinedAt: number | null;
  /** True if the server's latest answer to a join was a seat. */
  isInside: boolean;
  endedAt: number | null;
  refusal: Refused | null;
}

export class VisitRecorder {
  readonly #store = new Store<VisitRecord>({
    joinedAt: null,
    isInside: false,
    endedAt: null,
    refusal: null,
  });

  constructor(signaling: SignalingClient, onEnded: () => void = () => {}) {
    signaling.subscribe((event) => {
      if (event.type === 'joined')
        this.#note({ joinedAt: this.record.get().joinedAt ?? Date.now(), isInside: true });
      if (event.type === 'roomFull') this.#note({ isInside: false });
      if (event.type === 'refused') this.#note({ refusal: event });
      if (event.type !== 'refused' && event.type !== 'replaced') return;
      this.end();
      onEnded();
    });
  }

  get record(): Readable<VisitRecord> {
    return this.#store;
  }

  end(): void {
    if (this.record.get().endedAt === null) this.#note({ endedAt: Date.now() });
  }

  #note(change: Partial<VisitRecord>): void {
    this.#store.set({ ...this.#store.get(), ...change });
  }
}

/** Length in milliseconds; null before its end, and without a join. */
export function lengthOfVisit({ joinedAt, endedAt }: VisitRecord): number | null {
  return joinedAt === null || endedAt === null ? null : endedAt - joinedAt;
}
