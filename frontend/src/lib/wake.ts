// When a page may have slept: its timers stood still, its sockets may be dead without knowing it.

import type { Unsubscribe } from './store';

/** How often it is looked whether time was lost. */
export const TICK_MS = 2_000;

/** A tick that is this late was not merely busy. */
export const GAP_MS = 5_000;

/**
 * Calls `listener` when the network is back, when the page comes into sight or out of the
 * back-forward cache, and when the computer was asleep.
 */
export function onWake(listener: () => void): Unsubscribe {
  const onVisibility = () => {
    if (document.visibilityState === 'visible') listener();
  };
  const onPageShow = ({ persisted }: PageTransitionEvent) => {
    if (persisted) listener();
  };
  window.addEventListener('online', listener);
  window.addEventListener('pageshow', onPageShow);
  document.addEventListener('visibilitychange', onVisibility);
  const stopWatching = watchForGaps(listener);
  return () => {
    window.removeEventListener('online', listener);
    window.removeEventListener('pageshow', onPageShow);
    document.removeEventListener('visibilitychange', onVisibility);
    stopWatching();
  };
}

function watchForGaps(listener: () => void): Unsubscribe {
  let last = Date.now();
  const timer = setInterval(() => {
    const now = Date.now();
    const gap = now - last - TICK_MS;
    last = now;
    if (gap > GAP_MS) listener();
  }, TICK_MS);
  return () => clearInterval(timer);
}
