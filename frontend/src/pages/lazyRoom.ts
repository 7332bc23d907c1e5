// The room, loaded behind the pages that lead there.

import { lazy } from 'react';

const load = () => import('./Room');

export const Room = lazy(load);

/** Has it ready before it is needed. */
export function preloadRoom(): void {
  // Without a network just now, it is loaded when it is needed.
  load().catch(() => {});
}
