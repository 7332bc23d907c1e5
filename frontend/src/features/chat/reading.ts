// Read position in the chat: the number of new messages, and the message under the line of new
// ones. Stored by the browser, so that a reload keeps it.

import { Recent } from '../../lib/recent';
import type { ChatMessage } from './chatStore';

/** Stores the key of the last message read. */
export interface ReadingMemory {
  read(): string | null;
  write(key: string): void;
}

export interface ReadingView {
  unread: number;
  /** The first message that was new when the chat became visible; null without one. */
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

  /** Sets whether the messages are visible. */
  setGoingOn(isGoingOn: boolean): void {
    if (!isGoingOn) this.#newSince = null;
    this.#isGoingOn = isGoingOn;
  }

  /** Marks everything as read: a user who answers has seen it. */
  onAnswer(): void {
    this.#newSince = null;
  }

  /** Applies a loaded history, parts of which may be new. */
  onHistory(messages: ChatMessage[]): void {
    if (this.#upTo !== null) this.#newSince ??= this.#unreadIn(messages)[0]?.key ?? null;
  }

  /** Applies the current list of messages. */
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
