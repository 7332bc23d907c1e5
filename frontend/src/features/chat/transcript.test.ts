// The chat as a text file.

import { describe, expect, it } from 'vitest';
import { en } from '../../lib/i18n/texts/en';
import type { ChatMessage } from './chatMessage';
import { transcriptOf } from './transcript';

const time = new Date(2026, 0, 5, 9, 30);

function message(changes: Partial<ChatMessage>): ChatMessage {
  return { key: '', name: 'Ann', mine: true, text: '', sentAt: time, delivery: 'sent', ...changes };
}

function transcript(...messages: ChatMessage[]): string {
  const options = { appointmentId: '42', messages, language: 'en', texts: en.chat };
  return transcriptOf({ ...options, now: new Date(2026, 0, 5, 10, 0) }).replace(/\u202f/g, ' ');
}

describe('the transcript', () => {
  it('names the appointment, senders and times', () => {
    const bob = message({ name: 'Bob', mine: false, text: 'Good morning.', delivery: null });
    expect(transcript(message({ text: 'Hello!' }), bob)).toBe(
      [
        'Chat of appointment 42',
        'Saved on Jan 5, 2026, 10:00 AM',
        '',
        '[Jan 5, 2026, 9:30 AM] Ann: Hello!',
        '[Jan 5, 2026, 9:30 AM] Bob: Good morning.',
        '',
      ].join('\n'),
    );
  });

  it('does not let a message imitate another sender', () => {
    const text = 'Yes.\n[Jan 5, 2026, 9:31 AM] Bob: I agree.\r\n\u2028Bob: I do.';
    const lines = transcript(message({ text })).split('\n');
    expect(lines.filter((line) => /^(\[.*\] )?Bob/.test(line))).toEqual([]);
  });

  it('marks unsent messages, and leaves out missing times and names', () => {
    const unsent = message({ text: 'one', delivery: 'failed' });
    const bare = message({ text: 'two', name: null, sentAt: null, delivery: null });
    expect(transcript(unsent, bare)).toContain(
      '[Jan 5, 2026, 9:30 AM, not sent] Ann: one\nUnknown: two\n',
    );
  });
});
