// Small utilities.

import { describe, expect, it, vi } from 'vitest';
import { recall, remember } from './browserStorage';
import { utf8Length } from './bytes';
import { randomId } from './randomId';
import { settledWithin } from './settled';
import { Store } from './store';
import { duration } from './time';

describe('Store', () => {
  it('notifies its listeners of changes only', () => {
    const store = new Store(1);
    const listener = vi.fn();
    const unsubscribe = store.subscribe(listener);
    store.set(1);
    store.set(2);
    unsubscribe();
    store.set(3);
    expect(listener).toHaveBeenCalledOnce();
  });
});

describe('utf8Length', () => {
  it.each([
    ['a', 1],
    ['ü', 2],
    ['預', 3],
    ['🙂', 4],
  ])('of %s is %i', (text, length) => {
    expect(utf8Length(text)).toBe(length);
  });
});

describe('a duration', () => {
  it.each([
    [0, '0:00'],
    [59_999, '0:59'],
    [187_000, '3:07'],
    [3_787_000, '1:03:07'],
  ])('of %i ms is %s', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });
});

describe('randomId', () => {
  it('is a version 4 UUID', () => {
    expect(randomId()).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
  });
});

describe('settledWithin', () => {
  it('resolves at the time limit', async () => {
    vi.useFakeTimers();
    const done = vi.fn();
    void settledWithin(new Promise(() => {}), 100).then(done);
    await vi.advanceTimersByTimeAsync(100);
    expect(done).toHaveBeenCalledOnce();
  });

  it('resolves after a rejection', async () => {
    await expect(settledWithin(Promise.reject(new Error()), 100)).resolves.toBeUndefined();
  });
});

describe('tab storage', () => {
  it('uses memory where the browser forbids storage', () => {
    const forbidden = () => {
      throw new DOMException('', 'SecurityError');
    };
    vi.spyOn(Storage.prototype, 'setItem').mockImplementation(forbidden);
    vi.spyOn(Storage.prototype, 'getItem').mockImplementation(forbidden);
    remember('key', 'value');
    expect(recall('key')).toBe('value');
  });
});
