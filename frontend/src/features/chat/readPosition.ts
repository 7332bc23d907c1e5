// Read position in the chat: the number of new messages, and the message under the line of new
// ones. Stored by the browser, so that a reload keeps it.

import { Recent } from '../../lib/recent';
import type { ChatMessage } from './chatMessage';

/** Stores the key of the last message read. */
export interface ReadPositionStorage {
  read(): string | null;
  write(key: string): void;
}

export interface ReadState {
  unread: number;
  /** The first message that was new when the chat became visible; null without one. */
  newSince: string | null;
}

export class ReadPosition {
  readonly #storage: ReadPositionStorage | undefined;
  #upTo: string | null;
  #newSince: string | null = null;
  #isVisible = false;

  constructor(storage?: ReadPositionStorage) {
    this.#storage = storage;
    this.#upTo = storage?.read() ?? null;
  }

  /** Sets whether the messages are visible. */
  setVisible(isVisible: boolean): void {
    if (!isVisible) this.#newSince = null;
    this.#isVisible = isVisible;
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
  update(messages: ChatMessage[]): ReadState {
    if (this.#isVisible) this.#markRead(messages);
    const unread = this.#unreadIn(messages);
    this.#newSince ??= unread[0]?.key ?? null;
    return { unread: unread.length, newSince: this.#newSince };
  }

  #markRead(messages: ChatMessage[]): void {
    const last = messages.findLast(({ delivery }) => delivery === null || delivery === 'sent');
    if (!last || last.key === this.#upTo) return;
    this.#upTo = last.key;
    this.#storage?.write(last.key);
  }

  #unreadIn(messages: ChatMessage[]): ChatMessage[] {
    const last = messages.findLastIndex(({ key }) => key === this.#upTo);
    return messages.slice(last + 1).filter(({ mine }) => !mine);
  }
}

const positions = new Recent<string>('switchboard.read');

export function readPositionStorage(appointmentId: string): ReadPositionStorage {
  return {
    read: () => positions.get(appointmentId),
    write: (key) => positions.set(appointmentId, key),
  };
}
