// Key presses that are shortcuts, and those that are not.

import { describe, expect, it } from 'vitest';
import { type ShortcutName, shortcutOf } from './shortcuts';

/** A key press while the element marked in `html` has the focus. */
function press(key: string, html = '<body>', change: Partial<KeyboardEvent> = {}) {
  document.body.innerHTML = html;
  const target = document.querySelector('[data-focus]') ?? document.body;
  const code = key === ' ' ? 'Space' : `Key${key.toUpperCase()}`;
  const modifiers = { ctrlKey: false, altKey: false, metaKey: false, isComposing: false };
  return shortcutOf({ key, code, target, ...modifiers, ...change });
}

describe('a key', () => {
  it.each<[string, ShortcutName]>([
    ['m', 'microphone'],
    ['M', 'microphone'],
    ['v', 'camera'],
    ['s', 'screen'],
    ['c', 'chat'],
    [' ', 'talk'],
    ['?', 'help'],
  ])('%j is the shortcut %s', (key, name) => {
    expect(press(key)).toBe(name);
  });

  it('is found by its position where letters are not Latin', () => {
    expect(press('ь', '', { code: 'KeyM' })).toBe('microphone');
    expect(press('é', '', { code: 'Digit2' })).toBeNull();
  });

  it.each([{ ctrlKey: true }, { altKey: true }, { metaKey: true }, { isComposing: true }])(
    'with %j is left to the browser',
    (change) => {
      expect(press('m', '', change)).toBeNull();
    },
  );

  it.each([
    '<input data-focus>',
    '<textarea data-focus></textarea>',
    '<select data-focus></select>',
    '<p contenteditable><b data-focus></b></p>',
    '<dialog open><button data-focus></button></dialog>',
    '<div role="menu"><button data-focus></button></div>',
  ])('is left to %s', (html) => {
    expect([press('m', html), press(' ', html), press('?', html)]).toEqual([null, null, null]);
  });

  it.each(['<button data-focus></button>', '<a href="/" data-focus></a>'])(
    'works beside %s, which keeps Space for itself',
    (html) => {
      expect(press('m', html)).toBe('microphone');
      expect(press(' ', html)).toBeNull();
    },
  );
});
