// Loads the room's chunk while an earlier page is shown.

import { lazy } from 'react';

/** Delays before further attempts; after the last one, only a reload of the page helps. */
const RETRY_DELAYS_MS = [1_000, 3_000, 10_000];

const load = () => import('./Room');

export const Room = lazy(() => loadPersistently(RETRY_DELAYS_MS));

/** Loads the room when the browser is idle. */
export function preloadRoom(): void {
  // Without a network, the room is loaded when it is needed.
  const begin = () => void load().catch(() => {});
  if ('requestIdleCallback' in window) window.requestIdleCallback(begin, { timeout: 2_000 });
  else setTimeout(begin, 500);
}

async function loadPersistently(delaysMs: number[]): ReturnType<typeof load> {
  const [delayMs, ...further] = delaysMs;
  try {
    return await load();
  } catch (error) {
    if (delayMs === undefined) throw error;
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    return loadPersistently(further);
  }
}
