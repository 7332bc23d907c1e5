// How many messages wait to be read, for the title of the page: a tab in the background shows
// nothing else.

import { type Readable, Store } from './store';

const store = new Store(0);

export const unreadBadge: Readable<number> = store;

export function setUnreadBadge(count: number): void {
  store.set(count);
}
