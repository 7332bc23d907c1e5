// Short news about what somebody has just done, as “Link copied”: shown for a moment, and read out.
// One at a time; the newest wins. Drawn by components/ui/Notices.

import { type Readable, Store } from './store';

export interface Notice {
  /** Tells two of the same words apart. */
  id: number;
  text: string;
}

/** Long enough to be read twice. */
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
