// The name somebody goes by in this tab, so that a reload does not ask for it again.

import { forget, recall, remember } from './browserStorage';

const key = 'switchboard.name';

export function recallName(): string {
  return recall(key) ?? '';
}

export function rememberName(name: string): void {
  remember(key, name);
}

/** Somebody else is about to use this tab. */
export function forgetName(): void {
  forget(key);
}
