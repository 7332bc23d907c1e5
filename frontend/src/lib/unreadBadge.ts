// Number of unread messages, for the page's title: a tab in the background shows nothing else.

import { type Readable, Store } from './store';

const store = new Store(0);

export const unreadBadge: Readable<number> = store;

export function setUnreadBadge(count: number): void {
  store.set(count);
}
