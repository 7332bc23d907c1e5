// Dates and durations in several languages.

import { describe, expect, it, vi } from 'vitest';
import { clockTime, dayName, daysBetween, fullTime, lengthOfTime } from './time';

const early = new Date(2026, 0, 5, 5, 5);

/** Replaces the special spaces of `Intl` by ordinary ones. */
const plain = (text: string) => text.replace(/\s/g, ' ');

describe('a time of day', () => {
  it.each([
    ['en', '5:05 AM'],
    ['es', '5:05'],
    ['de', '05:05'],
  ])('is written in %s as %s', (language, expected) => {
    expect(plain(clockTime(early, language))).toBe(expected);
  });

  it('follows the reader’s region', () => {
    vi.spyOn(navigator, 'languages', 'get').mockReturnValue(['fr-FR', 'pt-BR']);
    expect(plain(fullTime(early, 'pt'))).toBe('5 de jan. de 2026, 05:05');
  });
});

describe('a day', () => {
  it.each([
    [new Date(2026, 0, 7), 'Monday, January 5'],
    [new Date(2027, 0, 7), 'Monday, January 5, 2026'],
  ])('seen from %s is %s', (now, expected) => {
    expect(dayName(early, now, 'en')).toBe(expected);
  });

  it.each([
    [new Date(2026, 0, 5, 0, 0), 0],
    [new Date(2026, 0, 4, 23, 59), 1],
    [new Date(2025, 11, 31, 12, 0), 5],
  ])('counts from midnight: from %s it is %i to the fifth', (day, count) => {
    expect(daysBetween(day, early)).toBe(count);
  });
});

describe('a length of time', () => {
  it.each([
    [1_000, '1 second'],
    [59_400, '59 seconds'],
    [12 * 60_000, '12 minutes'],
    [60 * 60_000, '1 hour'],
    [65 * 60_000 + 59_000, '1 hour, 5 minutes'],
  ])('of %i ms is %s', (ms, expected) => {
    expect(lengthOfTime(ms, 'en')).toBe(expected);
  });
});
