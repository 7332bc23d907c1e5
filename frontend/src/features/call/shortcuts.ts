// The keyboard shortcuts of the call, and matching of key presses. Pure.

/** Shortcuts in the notation of `aria-keyshortcuts`. */
export const shortcuts = {
  microphone: 'M',
  camera: 'V',
  screen: 'S',
  chat: 'C',
  talk: 'Space',
  help: '?',
} as const;

export type ShortcutName = keyof typeof shortcuts;

type Press = Pick<
  KeyboardEvent,
  'key' | 'code' | 'ctrlKey' | 'altKey' | 'metaKey' | 'isComposing' | 'target'
>;

/** Shortcut of a key press; null for other keys, and for keys meant for a focused element. */
export function shortcutOf(press: Press): ShortcutName | null {
  if (press.ctrlKey || press.altKey || press.metaKey || press.isComposing) return null;
  if (!(press.target instanceof Element) || keepsKey(press.target)) return null;
  const name = nameOf(press);
  // Space presses a focused button.
  return name === 'talk' && isPressable(press.target) ? null : name;
}

function nameOf({ key, code }: Press): ShortcutName | null {
  if (key === '?') return 'help';
  if (code === 'Space') return 'talk';
  // On layouts without Latin letters, the key's position decides.
  const letter = /^[a-z]$/i.test(key) ? key.toUpperCase() : code.replace(/^Key/, '');
  const found = Object.entries(shortcuts).find(([, shortcut]) => shortcut === letter);
  return found ? (found[0] as ShortcutName) : null;
}

/** True in text fields, lists, dialogs and menus. */
function keepsKey(target: Element): boolean {
  return (
    target.closest(
      'input, textarea, select, [contenteditable]:not([contenteditable=false]), dialog, [role=dialog], [role=menu]',
    ) !== null
  );
}

function isPressable(target: Element): boolean {
  return target.closest('button, a[href], summary, [role=button]') !== null;
}
