// What a call can look like from this side, and how that follows from what is known about the
// server, the other person and the media connection. Pure.

import type { Participant } from '../signaling/client';

export type CallState =
  | { phase: 'connecting'; to: 'server' | 'peer' }
  | { phase: 'waiting' }
  | { phase: 'connected' }
  | { phase: 'reconnecting'; lost: 'server' | 'peer' | 'media' }
  | { phase: 'unreachable' }
  | Ending;

/** Nothing leads out of these but opening the room again. */
export type Ending =
  | { phase: 'full' }
  | { phase: 'replaced' }
  | { phase: 'ended'; reason: 'left' | 'refused' };

export function isEnding(state: CallState): state is Ending {
  return state.phase === 'full' || state.phase === 'replaced' || state.phase === 'ended';
}

export interface CallFacts {
  ending: Ending | null;
  server: 'opening' | 'joined' | 'lost';
  /** The server has been away for longer than a hiccup. */
  serverOverdue: boolean;
  peer: Participant | null;
  media: MediaFacts | null;
}

export interface MediaFacts {
  isConnected: boolean;
  wasConnected: boolean;
}

export function callStateOf(facts: CallFacts): CallState {
  if (facts.ending) return facts.ending;
  if (facts.server !== 'joined') return withoutServer(facts);
  if (!facts.peer) return facts.media ? reconnecting('peer') : { phase: 'waiting' };
  if (!facts.peer.connected) return reconnecting('peer');
  if (facts.media?.isConnected) return { phase: 'connected' };
  return facts.media?.wasConnected ? reconnecting('media') : { phase: 'connecting', to: 'peer' };
}

function withoutServer({ server, serverOverdue, media }: CallFacts): CallState {
  // Sound and picture do not pass through the server: as long as they flow, all is not lost.
  if (serverOverdue && !media?.isConnected) return { phase: 'unreachable' };
  return server === 'lost' ? reconnecting('server') : { phase: 'connecting', to: 'server' };
}

function reconnecting(lost: 'server' | 'peer' | 'media'): CallState {
  return { phase: 'reconnecting', lost };
}
