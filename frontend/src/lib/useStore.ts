// Reads a Store in a component and renders again when it changes.

import { useSyncExternalStore } from 'react';
import type { Readable } from './store';

export function useStore<T>(store: Readable<T>): T {
  return useSyncExternalStore(store.subscribe, store.get);
}
