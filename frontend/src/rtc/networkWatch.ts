// Notices what may have cut a connection long before the connection notices it: a network that is
// another one now, a machine that slept, a page that was frozen.

import type { Unsubscribe } from '../lib/store';

const TICK_MS = 2_000;

/** Timers that come so much too late have been asleep. Hidden pages are slowed down, but not so. */
export const SLEEP_MS = 10_000;

/** Where a browser tells of its network at all, it does so by this. */
type NetworkNavigator = Navigator & { connection?: EventTarget };

export function watchNetwork(onSuspicion: () => void): Unsubscribe {
  const stopping = new AbortController();
  const { signal } = stopping;
  let lastTick = Date.now();
  const lookAtClock = () => {
    const now = Date.now();
    const hasSlept = now - lastTick > SLEEP_MS;
    lastTick = now;
    if (hasSlept) onSuspicion();
  };
  const ticking = setInterval(lookAtClock, TICK_MS);
  window.addEventListener('online', onSuspicion, { signal });
  document.addEventListener('visibilitychange', lookAtClock, { signal });
  const { connection } = navigator as NetworkNavigator;
  connection?.addEventListener('change', onSuspicion, { signal });
  return () => {
    clearInterval(ticking);
    stopping.abort();
  };
}
