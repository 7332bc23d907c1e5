// A message as the page shows it.

/** `delivered`: the other side has the message, but the full history does not. */
export type Delivery = 'sending' | 'sent' | 'delivered' | 'failed';

export interface ChatMessage {
  key: string;
  mine: boolean;
  name: string | null;
  text: string;
  sentAt: Date | null;
  /** Null for messages of others. */
  delivery: Delivery | null;
}
