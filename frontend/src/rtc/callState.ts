// What a call can look like from this side, and how that follows from what is known about the
// server, the other person and the media connection. Pure.

import type { Fullness, Participant } from '../signaling/client';
import type { RemoteMedia } from './remoteMedia';

export type CallState =
  | { phase: 'connecting'; to: 'server' }
  | { phase: 'connecting'; to: 'peer'; noPath?: true }
  | { phase: 'waiting' }
  | { phase: 'connected' }
  | { phase: 'reconnecting'; lost: 'server' | 'peer' }
  | { phase: 'reconnecting'; lost: 'media'; noPath?: true }
  | { phase: 'unreachable' }
  | FullState
  | Ending;

/** There is no free seat. The page waits outside of the room until there is one. */
export type FullState = { phase: 'full'; seat: Fullness };

/** Nothing leads out of these but opening the room again. */
export type Ending = { phase: 'replaced' } | { phase: 'ended'; reason: 'left' | 'refused' };

/** What a call looks like while there is one. */
export type OpenCallState = Exclude<CallState, Ending | FullState>;

export function isEnding(state: CallState): state is Ending {
  return state.phase === 'replaced' || state.phase === 'ended';
}

/** Both are there, and a path between them is looked for. */
export function isSearching(state: CallState): boolean {
  const { phase } = state;
  return (
    (phase === 'connecting' && state.to === 'peer') ||
    (phase === 'reconnecting' && state.lost === 'media')
  );
}

export interface CallSnapshot {
  state: CallState;
  /** Whoever is, or last was, opposite. */
  peerName: string | null;
  remote: RemoteMedia | null;
  /** Since when these two have been talking, in milliseconds since 1970; null before they do. */
  since: number | null;
  /** The own picture has given way to the sound. */
  isVideoPaused: boolean;
  /** Whether the server knows of a relay, for people between whom there is no direct path. */
  hasRelay: boolean;
}

export const nothingYet: CallSnapshot = {
  state: { phase: 'connecting', to: 'server' },
  peerName: null,
  remote: null,
  since: null,
  isVideoPaused: false,
  hasRelay: false,
};

export interface CallFacts {
  ending: Ending | null;
  server: 'opening' | 'joined' | 'lost' | Fullness;
  /** The server has been away for longer than a hiccup. */
  serverOverdue: boolean;
  peer: Participant | null;
  media: MediaFacts | null;
  /** A path has been looked for in vain for longer than that takes. */
  pathOverdue: boolean;
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
  const noPath = facts.pathOverdue ? { noPath: true as const } : {};
  if (facts.media?.wasConnected) return { phase: 'reconnecting', lost: 'media', ...noPath };
  return { phase: 'connecting', to: 'peer', ...noPath };
}

function withoutServer({ server, serverOverdue, media }: CallFacts): CallState {
  // Sound and picture do not pass through the server: as long as they flow, all is not lost.
  if (serverOverdue && !media?.isConnected) return { phase: 'unreachable' };
  if (server === 'held' || server === 'taken') return { phase: 'full', seat: server };
  return server === 'lost' ? reconnecting('server') : { phase: 'connecting', to: 'server' };
}

function reconnecting(lost: 'server' | 'peer'): CallState {
  return { phase: 'reconnecting', lost };
}
