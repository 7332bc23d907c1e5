// The user's name in this tab, kept across reloads.

import { forget, recall, remember } from './browserStorage';

const key = 'switchboard.name';

export function recallName(): string {
  return recall(key) ?? '';
}

export function rememberName(name: string): void {
  remember(key, name);
}

/** Forgets the name before another user joins in this tab. */
export function forgetName(): void {
  forget(key);
}
