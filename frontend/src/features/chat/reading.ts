// What of the chat has been read: how much is new, and above which message the line is drawn.
// Remembered by the browser, so that a reload does not make everything old.

import { Recent } from '../../lib/recent';
import type { ChatMessage } from './chatStore';

/** Keeps the key of the last message that was read. */
export interface ReadingMemory {
  read(): string | null;
  write(key: string): void;
}

export interface ReadingView {
  unread: number;
  /** The first message that was new when reading went on; null when there is none. */
  newSince: string | null;
}

export class Reading {
  readonly #memory: ReadingMemory | undefined;
  #upTo: string | null;
  #newSince: string | null = null;
  #isGoingOn = false;

  constructor(memory?: ReadingMemory) {
    this.#memory = memory;
    this.#upTo = memory?.read() ?? null;
  }

  /** The messages came into sight, or went out of it. */
  setGoingOn(isGoingOn: boolean): void {
    if (!isGoingOn) this.#newSince = null;
    this.#isGoingOn = isGoingOn;
  }

  /** Whoever answers has seen what there is. */
  onAnswer(): void {
    this.#newSince = null;
  }

  /** A history was loaded: some of it may have been written while nobody looked. */
  onHistory(messages: ChatMessage[]): void {
    if (this.#upTo !== null) this.#newSince ??= this.#unreadIn(messages)[0]?.key ?? null;
  }

  /** Takes notice of all the messages that there are. */
  follow(messages: ChatMessage[]): ReadingView {
    if (this.#isGoingOn) this.#note(messages);
    const unread = this.#unreadIn(messages);
    this.#newSince ??= unread[0]?.key ?? null;
    return { unread: unread.length, newSince: this.#newSince };
  }

  #note(messages: ChatMessage[]): void {
    const last = messages.findLast(({ delivery }) => delivery === null || delivery === 'sent');
    if (!last || last.key === this.#upTo) return;
    this.#upTo = last.key;
    this.#memory?.write(last.key);
  }

  #unreadIn(messages: ChatMessage[]): ChatMessage[] {
    const last = messages.findLastIndex(({ key }) => key === this.#upTo);
    return messages.slice(last + 1).filter(({ mine }) => !mine);
  }
}

const remembered = new Recent<string>('switchboard.read');

export function rememberedReading(appointmentId: string): ReadingMemory {
  return {
    read: () => remembered.get(appointmentId),
    write: (key) => remembered.set(appointmentId, key),
  };
}
