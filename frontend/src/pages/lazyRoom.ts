// The room, loaded behind the pages that lead there.

import { lazy } from 'react';

/** How long to wait before each further try; after the last one the page has to be loaded anew. */
const RETRY_DELAYS_MS = [1_000, 3_000, 10_000];

const load = () => import('./Room');

export const Room = lazy(() => loadPersistently(RETRY_DELAYS_MS));

/** Has it ready before it is needed, once the browser has nothing better to do. */
export function preloadRoom(): void {
  // Without a network just now, it is loaded when it is needed.
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
