// Start time of a call, kept for the tab: a reload does not restart the call's clock. A participant
// with another id is another call.

import { recall, remember } from '../../lib/browserStorage';
import type { ParticipantId } from '../../signaling/client';

const key = 'switchboard.talkingSince';

/** Start of the call with `to`, in milliseconds since 1970. The first query starts the clock. */
export function talkingSince(to: ParticipantId): number {
  const stored = read();
  if (stored?.to === to) return stored.since;
  const since = Date.now();
  remember(key, JSON.stringify({ to, since }));
  return since;
}

function read(): { to: ParticipantId; since: number } | null {
  try {
    const { to, since } = JSON.parse(recall(key) ?? '');
    return typeof to === 'string' && typeof since === 'number' ? { to, since } : null;
  } catch {
    return null;
  }
}
