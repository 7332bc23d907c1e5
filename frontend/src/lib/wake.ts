// Detects that a page may have slept, after which timers are late and sockets may be dead.

import type { Unsubscribe } from './store';

/** Interval of checks for lost time. */
export const TICK_MS = 2_000;

/** Delay of a tick that means the page slept. */
export const GAP_MS = 5_000;

/**
 * Calls `listener` when the network is back, when the page becomes visible or returns from the
 * back-forward cache, and after a sleep of the computer.
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
