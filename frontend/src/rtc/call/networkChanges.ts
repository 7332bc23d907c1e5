// Reports events that may have broken a connection, seconds before ICE detects the loss: another
// network, a computer that slept, a frozen page.

import type { Unsubscribe } from '../../lib/store';

const TICK_MS = 2_000;

/** Delay of a tick that means the computer slept; throttled background timers are never so late. */
export const SLEEP_MS = 10_000;

/** `navigator` of browsers that implement the Network Information API. */
type NetworkNavigator = Navigator & { connection?: EventTarget };

/** Calls `onPossibleLoss` after each such event until the returned function is called. */
export function watchNetwork(onPossibleLoss: () => void): Unsubscribe {
  const stopping = new AbortController();
  const { signal } = stopping;
  let lastTick = Date.now();
  const checkClock = () => {
    const now = Date.now();
    const hasSlept = now - lastTick > SLEEP_MS;
    lastTick = now;
    if (hasSlept) onPossibleLoss();
  };
  const ticking = setInterval(checkClock, TICK_MS);
  window.addEventListener('online', onPossibleLoss, { signal });
  document.addEventListener('visibilitychange', checkClock, { signal });
  const { connection } = navigator as NetworkNavigator;
  connection?.addEventListener('change', onPossibleLoss, { signal });
  return () => {
    clearInterval(ticking);
    stopping.abort();
  };
}
