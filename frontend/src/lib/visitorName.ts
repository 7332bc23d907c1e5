// The name somebody goes by in this tab, so that a reload does not ask for it again.

import { recall, remember } from './browserStorage';

const key = 'switchboard.name';

export function recallName(): string {
  return recall(key) ?? '';
}

export function rememberName(name: string): void {
  remember(key, name);
}
