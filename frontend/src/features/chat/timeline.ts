// Rows of the chat from top to bottom: messages, the days they were written on, and the line above
// new messages. Pure.

import { daysBetween } from '../../lib/time';
import type { ChatMessage } from './chatMessage';

export type Row =
  | { kind: 'day'; key: string; day: Date }
  | { kind: 'new'; key: string }
  | {
      kind: 'message';
      key: string;
      message: ChatMessage;
      /** True if the message before it is by the same sender, whose name is then not repeated. */
      continues: boolean;
    };

/** Pause after which a sender's next message starts a group. */
const PAUSE_MS = 5 * 60_000;

export function timelineOf(messages: ChatMessage[], newSince: string | null): Row[] {
  const rows: Row[] = [];
  let day: Date | null = null;
  let previous: ChatMessage | null = null;
  for (const message of messages) {
    const { key, sentAt } = message;
    let isInterrupted = false;
    if (sentAt && (!day || daysBetween(day, sentAt) !== 0)) {
      rows.push({ kind: 'day', key: `day of ${key}`, day: sentAt });
      day = sentAt;
      isInterrupted = true;
    }
    // No line above the very first message.
    if (previous && key === newSince) {
      rows.push({ kind: 'new', key: 'new' });
      isInterrupted = true;
    }
    const continues = !isInterrupted && previous !== null && isContinuation(previous, message);
    rows.push({ kind: 'message', key: `message ${key}`, message, continues });
    previous = message;
  }
  return rows;
}

function isContinuation(previous: ChatMessage, message: ChatMessage): boolean {
  if (previous.mine !== message.mine || previous.name !== message.name) return false;
  if (!previous.sentAt || !message.sentAt) return previous.sentAt === message.sentAt;
  return Math.abs(message.sentAt.getTime() - previous.sentAt.getTime()) < PAUSE_MS;
}
