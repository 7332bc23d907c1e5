// Reading entries of any shape.

import { describe, expect, it } from 'vitest';
import { readEntry } from './chatEntry';

describe('an entry', () => {
  it('of this server is read in full', () => {
    const sentAt = '2026-01-01T09:30:00.000Z';
    const entry = { id: '1', from: 'ann', name: 'Ann', body: 'hello', sent_at: sentAt };
    expect(readEntry(entry)).toEqual({
      id: '1',
      from: 'ann',
      name: 'Ann',
      text: 'hello',
      sentAt: new Date(sentAt),
    });
  });

  it.each([
    [{ sender: 'Ann', text: 'hello' }, 'Ann', 'hello'],
    [{ name: 'Ann', message: 'hello' }, 'Ann', 'hello'],
    ['hello', null, 'hello'],
    [{ odd: [1, null] }, null, '{"odd":[1,null]}'],
    [null, null, 'null'],
  ])('%j of another client is read as far as possible', (entry, name, text) => {
    expect(readEntry(entry)).toMatchObject({ name, text });
  });

  it('with an impossible time has no time', () => {
    expect(readEntry({ body: 'hello', sent_at: 'yesterday' }).sentAt).toBeNull();
  });
});
