// Days, groups and the line above new messages.

import { describe, expect, it } from 'vitest';
import type { ChatMessage } from './chatMessage';
import { timelineOf } from './timeline';

/** The own messages are Ann's. */
function message(key: string, name: string, sentAt: Date | null): ChatMessage {
  return { key, name, mine: name === 'Ann', text: key, sentAt, delivery: null };
}

const at = (day: number, hour: number, minute: number) => new Date(2026, 0, day, hour, minute);

/** Notation: `-- 5 --` a day, `== new ==` the line, `Ann: a` a message, `+ b` a continuation. */
function drawn(messages: ChatMessage[], newSince: string | null = null): string[] {
  return timelineOf(messages, newSince).map((row) => {
    if (row.kind === 'day') return `-- ${row.day.getDate()} --`;
    if (row.kind === 'new') return '== new ==';
    const { name, text } = row.message;
    return row.continues ? `+ ${text}` : `${name}: ${text}`;
  });
}

describe('the timeline', () => {
  it('starts each day with its name', () => {
    const messages = [
      message('a', 'Ann', at(5, 23, 59)),
      message('b', 'Ann', at(6, 0, 1)),
      message('c', 'Bob', at(6, 12, 0)),
    ];
    expect(drawn(messages)).toEqual(['-- 5 --', 'Ann: a', '-- 6 --', 'Ann: b', 'Bob: c']);
  });

  it('groups consecutive messages of one sender without a pause', () => {
    const messages = [
      message('a', 'Ann', at(5, 9, 0)),
      message('b', 'Ann', at(5, 9, 4)),
      message('c', 'Bob', at(5, 9, 4)),
      message('d', 'Ann', at(5, 9, 5)),
      message('e', 'Ann', at(5, 9, 10)),
    ];
    expect(drawn(messages)).toEqual(['-- 5 --', 'Ann: a', '+ b', 'Bob: c', 'Ann: d', 'Ann: e']);
  });

  it('draws the line above the first new message, which starts a group', () => {
    const messages = [message('a', 'Bob', at(5, 9, 0)), message('b', 'Bob', at(5, 9, 0))];
    expect(drawn(messages, 'b')).toEqual(['-- 5 --', 'Bob: a', '== new ==', 'Bob: b']);
    expect(drawn(messages, 'a')).toEqual(['-- 5 --', 'Bob: a', '+ b']);
  });

  it('places entries without a time by their neighbours', () => {
    const messages = [
      message('a', 'Bob', null),
      message('b', 'Bob', null),
      message('c', 'Bob', at(5, 9, 0)),
      message('d', 'Bob', null),
    ];
    expect(drawn(messages)).toEqual(['Bob: a', '+ b', '-- 5 --', 'Bob: c', 'Bob: d']);
  });

  it('gives every row a unique key, whatever ids messages have', () => {
    const day = at(5, 9, 0);
    const messages = ['a', 'new', 'day of a'].map((key) => message(key, 'Bob', day));
    const keys = timelineOf(messages, 'new').map(({ key }) => key);
    expect(new Set(keys).size).toBe(5);
  });

  it('is empty without messages', () => {
    expect(drawn([])).toEqual([]);
  });
});
