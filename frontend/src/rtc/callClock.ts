// Since when two people have been talking to each other. A reload does not end a call, so this tab
// remembers it; somebody else, or the same person in another visit, has another id and begins anew.

import { recall, remember } from '../lib/browserStorage';
import type { ParticipantId } from '../signaling/client';

const key = 'switchboard.talkingSince';

/** In milliseconds since 1970. Begins now for somebody new. */
export function talkingSince(to: ParticipantId): number {
  const known = read();
  if (known?.to === to) return known.since;
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
