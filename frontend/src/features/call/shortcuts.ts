// The keys that work the call, and which of them a key press means. Pure.

/** As `aria-keyshortcuts` writes them. */
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

/** Null for what is none, or is meant for something else on the page. */
export function shortcutOf(press: Press): ShortcutName | null {
  if (press.ctrlKey || press.altKey || press.metaKey || press.isComposing) return null;
  if (!(press.target instanceof Element) || isForItself(press.target)) return null;
  const name = nameOf(press);
  // Space presses the button that has the focus, as ever.
  return name === 'talk' && isPressable(press.target) ? null : name;
}

function nameOf({ key, code }: Press): ShortcutName | null {
  if (key === '?') return 'help';
  if (code === 'Space') return 'talk';
  // Where the letters are not Latin ones, the keys are where the Latin letters would be.
  const letter = /^[a-z]$/i.test(key) ? key.toUpperCase() : code.replace(/^Key/, '');
  const found = Object.entries(shortcuts).find(([, shortcut]) => shortcut === letter);
  return found ? (found[0] as ShortcutName) : null;
}

/** Somebody is writing, choosing from a list, or busy in a dialog or a menu. */
function isForItself(target: Element): boolean {
  return (
    target.closest(
      'input, textarea, select, [contenteditable]:not([contenteditable=false]), dialog, [role=dialog], [role=menu]',
    ) !== null
  );
}

function isPressable(target: Element): boolean {
  return target.closest('button, a[href], summary, [role=button]') !== null;
}
