// The chat of one visit: history, messages and their delivery. Messages are sent live; the whole
// array is also saved periodically.

import { randomId } from '../../lib/randomId';
import { type Readable, Store, type Unsubscribe } from '../../lib/store';
import type { ChatArchive } from '../../signaling/chatArchive';
import {
  type IncomingMessage,
  isDelivered,
  isRefusal,
  type Joined,
  type SignalingClient,
  type SignalingEvent,
} from '../../signaling/client';
import { readEntry, type SavedMessage } from './chatEntry';
import type { ChatMessage, Delivery } from './chatMessage';
import { ReadPosition, type ReadPositionStorage, type ReadState } from './readPosition';

export interface ChatSnapshot extends ReadState {
  messages: ChatMessage[];
  /** False when the server could not read the history. */
  historyAvailable: boolean;
  /** The last message that arrived live; messages of the history are not news. */
  latest: ChatMessage | null;
}

export interface ChatOptions {
  name: string;
  signaling: SignalingClient;
  archive: ChatArchive;
  readPosition?: ReadPositionStorage;
}

/** Interval between saves, and the most that a crashed page can lose. */
export const SAVE_INTERVAL_MS = 15_000;

/** A message written or received during this visit. */
interface LiveMessage {
  saved: SavedMessage;
  delivery: Delivery | null;
  /** The server refused it; only the user may send it again. */
  refused: boolean;
}

export class ChatStore {
  readonly #options: ChatOptions;
  readonly #store = new Store<ChatSnapshot>({
    messages: [],
    historyAvailable: true,
    latest: null,
    unread: 0,
    newSince: null,
  });
  readonly #readPosition: ReadPosition;
  readonly #unsubscribe: Unsubscribe;
  readonly #saving: ReturnType<typeof setInterval>;
  #history: unknown[] = [];
  #historyMessages: ChatMessage[] = [];
  #historyAvailable = true;
  #live: LiveMessage[] = [];
  #participant: string | null = null;
  #joined = false;
  #latest: ChatMessage | null = null;
  #hasUnsaved = false;

  constructor(options: ChatOptions) {
    this.#options = options;
    this.#readPosition = new ReadPosition(options.readPosition);
    this.#unsubscribe = options.signaling.subscribe((event) => this.#onEvent(event));
    this.#saving = setInterval(() => void this.#save(), SAVE_INTERVAL_MS);
  }

  get snapshot(): Readable<ChatSnapshot> {
    return this.#store;
  }

  write(text: string): void {
    // The server stores half a surrogate pair as U+FFFD; replaced here, so that the history
    // matches.
    const body = text.replace(/\p{Surrogate}/gu, '\ufffd');
    const saved = {
      id: randomId(),
      from: this.#participant ?? '',
      name: this.#options.name,
      body,
      sent_at: new Date().toISOString(),
    };
    const message: LiveMessage = { saved, delivery: 'sending', refused: false };
    this.#live.push(message);
    this.#readPosition.onAnswer();
    void this.#deliver(message);
  }

  retry(key: string): void {
    const message = this.#live.find(({ saved }) => saved.id === key);
    if (message?.delivery === 'failed') void this.#deliver(message);
  }

  /** Sets whether the messages are visible. */
  setVisible(isVisible: boolean): void {
    this.#readPosition.setVisible(isVisible);
    this.#publish();
  }

  /** Saves before the page closes, or reloads. */
  saveOnUnload(): void {
    if (this.#isWorthSaving) this.#options.archive.saveOnUnload(this.#entries(this.#live));
  }

  /** Ends the visit and saves everything, including unacknowledged messages. */
  async finish(): Promise<void> {
    this.close();
    if (!this.#isWorthSaving) return;
    await this.#options.archive.save(this.#entries(this.#live)).catch(() => {
      // Acknowledged messages are stored already; this save is only a safety net.
    });
  }

  close(): void {
    this.#unsubscribe();
    clearInterval(this.#saving);
  }

  #onEvent(event: SignalingEvent): void {
    if (event.type === 'joined') this.#onJoined(event.joined);
    if (event.type === 'connectionLost') this.#joined = false;
    if (event.type === 'message') this.#onMessage(event.message);
  }

  #onJoined(joined: Joined): void {
    this.#joined = true;
    this.#participant = joined.participant;
    this.#historyAvailable = joined.chatsAvailable;
    if (joined.chatsAvailable) this.#takeHistory(joined);
    this.#readPosition.onHistory(this.#messages);
    this.#publish();
    for (const message of this.#live) {
      if (isUnsent(message) && !message.refused) void this.#deliver(message);
    }
  }

  #takeHistory({ participant, peer, chats }: Joined): void {
    const reader = { participant, name: this.#options.name, peer: peer?.id ?? null };
    this.#history = chats;
    this.#historyMessages = chats.map((entry, index) => historyMessage(entry, index, reader));
    this.#live = this.#live.filter(({ saved, delivery }) => !this.#isInHistory(saved, delivery));
  }

  #onMessage({ id, from, name, body, sentAt }: IncomingMessage): void {
    const saved = { id, from, name, body, sent_at: sentAt };
    const isKnown = this.#live.some((live) => live.saved.id === id && live.saved.from === from);
    if (isKnown || this.#isInHistory(saved, null)) return;
    const message: LiveMessage = { saved, delivery: null, refused: false };
    this.#live.push(message);
    this.#latest = liveMessage(message);
    this.#hasUnsaved = true;
    this.#publish();
  }

  async #deliver(message: LiveMessage): Promise<void> {
    this.#setDelivery(message, 'sending');
    // Without a seat, the message waits for the next join.
    if (!this.#joined) return;
    const { id, body } = message.saved;
    try {
      const { sentAt } = await this.#options.signaling.sendMessage({ id, body });
      message.saved = { ...message.saved, from: this.#participant ?? '', sent_at: sentAt };
      this.#hasUnsaved = true;
      this.#setDelivery(message, 'sent');
    } catch (error) {
      if (isDelivered(error)) return this.#setDelivery(message, 'delivered');
      message.refused = isRefusal(error);
      if (message.refused || this.#joined) this.#setDelivery(message, 'failed');
    }
  }

  #setDelivery(message: LiveMessage, delivery: Delivery): void {
    message.delivery = delivery;
    this.#publish();
  }

  async #save(): Promise<void> {
    if (!this.#hasUnsaved) return;
    this.#hasUnsaved = false;
    // Unacknowledged messages are left out: the server stores them when they arrive.
    const entries = this.#entries(this.#live.filter((message) => !isUnsent(message)));
    await this.#options.archive.save(entries).catch(() => {
      this.#hasUnsaved = true;
    });
  }

  #entries(live: LiveMessage[]): unknown[] {
    // The server would refuse the whole save for messages that the full history could not store.
    const worthSaving = live.filter(({ delivery }) => delivery !== 'delivered');
    return [...this.#history, ...worthSaving.map(({ saved }) => saved)];
  }

  get #isWorthSaving(): boolean {
    return this.#hasUnsaved || this.#live.some(isUnsent);
  }

  /** True if the history has this message: an entry with the same sender, id and text. */
  #isInHistory({ id, from, body }: SavedMessage, delivery: Delivery | null): boolean {
    const writers = delivery === null ? [from] : [from, this.#participant];
    return this.#history.some((entry) => {
      const read = readEntry(entry);
      return (
        read.id === id && read.text === body && read.from !== null && writers.includes(read.from)
      );
    });
  }

  get #messages(): ChatMessage[] {
    return withUniqueKeys([...this.#historyMessages, ...this.#live.map(liveMessage)]);
  }

  #publish(): void {
    const messages = this.#messages;
    this.#store.set({
      messages,
      historyAvailable: this.#historyAvailable,
      latest: this.#latest,
      ...this.#readPosition.update(messages),
    });
  }
}

function isUnsent({ delivery }: LiveMessage): boolean {
  return delivery === 'sending' || delivery === 'failed';
}

function liveMessage({ saved, delivery }: LiveMessage): ChatMessage {
  const { id, name, body, sent_at } = saved;
  const sentAt = new Date(sent_at);
  return { key: id, mine: delivery !== null, name, text: body, sentAt, delivery };
}

/** Key of a message: the sender and the sender's own id. */
function withUniqueKeys(messages: ChatMessage[]): ChatMessage[] {
  const times = new Map<string, number>();
  return messages.map((message) => {
    const before = times.get(message.key) ?? 0;
    times.set(message.key, before + 1);
    return before === 0 ? message : { ...message, key: `${message.key} (${before})` };
  });
}

interface Reader {
  participant: string;
  name: string;
  peer: string | null;
}

function historyMessage(entry: unknown, index: number, reader: Reader): ChatMessage {
  const { id, from, name, text, sentAt } = readEntry(entry);
  // After a return to another seat, the id differs and the name is the same.
  const mine = from === reader.participant || (from !== reader.peer && name === reader.name);
  return { key: id ?? `entry ${index}`, mine, name, text, sentAt, delivery: mine ? 'sent' : null };
}
