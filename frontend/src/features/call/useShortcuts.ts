// Handles the keyboard shortcuts of the call, unless they are turned off.

import { useEffect, useRef, useState } from 'react';
import { recallForever, rememberForever } from '../../lib/browserStorage';
import { type ShortcutName, shortcutOf } from './shortcuts';

export type ShortcutActions = Record<Exclude<ShortcutName, 'talk'>, () => void> & {
  /** Called when Space goes down (true) or up (false). */
  talk: (isHeld: boolean) => void;
};

const storageKey = 'switchboard.shortcuts';

/** Shortcuts can be turned off, since single keys disturb speech input. */
export function useShortcutsEnabled() {
  const [isEnabled, setIsEnabled] = useState(() => recallForever(storageKey) !== 'off');
  function enable(on: boolean) {
    rememberForever(storageKey, on ? 'on' : 'off');
    setIsEnabled(on);
  }
  return { isEnabled, enable };
}

export function useShortcuts(isEnabled: boolean, actions: ShortcutActions): void {
  const latest = useRef(actions);
  latest.current = actions;

  useEffect(() => {
    if (!isEnabled) return;
    const listening = new AbortController();
    const { signal } = listening;
    let isTalking = false;
    const talk = (isHeld: boolean) => {
      if (isTalking !== isHeld) latest.current.talk(isHeld);
      isTalking = isHeld;
    };
    const onDown = (event: KeyboardEvent) => {
      const name = shortcutOf(event);
      if (!name || document.querySelector('dialog:modal')) return;
      event.preventDefault();
      if (name === 'talk') talk(true);
      else if (!event.repeat) latest.current[name]();
    };
    window.addEventListener('keydown', onDown, { signal });
    // Wherever the focus is now: releasing the key must mute again.
    window.addEventListener('keyup', ({ code }) => code === 'Space' && talk(false), { signal });
    window.addEventListener('blur', () => talk(false), { signal });
    return () => {
      talk(false);
      listening.abort();
    };
  }, [isEnabled]);
}
