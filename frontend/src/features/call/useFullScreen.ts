// Full screen mode of the page.

import { useSyncExternalStore } from 'react';

export interface FullScreen {
  isSupported: boolean;
  isOn: boolean;
  toggle(): void;
}

export function useFullScreen(): FullScreen {
  const isOn = useSyncExternalStore(subscribe, () => document.fullscreenElement !== null);
  return { isSupported: document.fullscreenEnabled ?? false, isOn, toggle };
}

function subscribe(listener: () => void): () => void {
  document.addEventListener('fullscreenchange', listener);
  return () => document.removeEventListener('fullscreenchange', listener);
}

function toggle(): void {
  const change = document.fullscreenElement
    ? document.exitFullscreen()
    : document.documentElement.requestFullscreen();
  // The browser refused; the button allows another attempt.
  void change.catch(() => {});
}
