// Folding of long messages.

import { describe, expect, it } from 'vitest';
import { beginningOf } from './fold';

describe('a message', () => {
  it.each(['', 'hello', 'word '.repeat(240), 'line\n'.repeat(14)])(
    'of ordinary length is shown whole',
    (text) => {
      expect(beginningOf(text)).toBeNull();
    },
  );

  it('that is long is cut between words', () => {
    const beginning = beginningOf('word '.repeat(2_000)) ?? '';
    expect(beginning.length).toBeLessThanOrEqual(1_000);
    expect(beginning).toMatch(/^(word )+word$/);
  });

  it('of many lines is cut after the fifteenth', () => {
    expect(beginningOf('a\n'.repeat(500))?.split('\n')).toHaveLength(15);
  });

  it('without spaces is cut, but not within a character', () => {
    expect(beginningOf('x'.repeat(10_000))).toBe('x'.repeat(1_000));
    expect(beginningOf(`x${'🙂'.repeat(5_000)}`)).toBe(`x${'🙂'.repeat(499)}`);
  });
});
