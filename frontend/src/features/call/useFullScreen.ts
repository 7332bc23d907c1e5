// The whole page without the browser around it.

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
  // Refused: the button is still there for another try.
  void change.catch(() => {});
}
