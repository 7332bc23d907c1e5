// Lets keys work the call, for whoever wants that.

import { useEffect, useRef, useState } from 'react';
import { recallForever, rememberForever } from '../../lib/browserStorage';
import { type ShortcutName, shortcutOf } from './shortcuts';

export type ShortcutActions = Record<Exclude<ShortcutName, 'talk'>, () => void> & {
  /** Space went down (true) or up (false). */
  talk: (isHeld: boolean) => void;
};

const storageKey = 'switchboard.shortcuts';

/** Single keys get in the way of some, such as who speaks to their computer: they can be off. */
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
    // Wherever the focus has gone meanwhile: nobody must go on being heard by mistake.
    window.addEventListener('keyup', ({ code }) => code === 'Space' && talk(false), { signal });
    window.addEventListener('blur', () => talk(false), { signal });
    return () => {
      talk(false);
      listening.abort();
    };
  }, [isEnabled]);
}
