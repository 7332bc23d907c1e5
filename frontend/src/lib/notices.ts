// Short confirmations of user actions, as “Link copied”, shown for a moment and announced. The
// newest replaces any other. components/ui/Notices draws them.

import { type Readable, Store } from './store';

export interface Notice {
  /** Distinguishes two notices with the same text. */
  id: number;
  text: string;
}

/** Time to read a notice twice. */
export const NOTICE_MS = 6_000;

const store = new Store<Notice | null>(null);
let count = 0;
let timer: ReturnType<typeof setTimeout> | undefined;

export const notice: Readable<Notice | null> = store;

export function notify(text: string): void {
  count += 1;
  store.set({ id: count, text });
  clearTimeout(timer);
  timer = setTimeout(() => store.set(null), NOTICE_MS);
}
