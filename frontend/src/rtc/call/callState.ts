// The states of a call, derived from facts about the server, the other participant and the media
// connection. Pure.

import type { Fullness, Participant } from '../../signaling/client';
import type { RemoteMedia } from '../connection/remoteMedia';

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

/** The room has no free seat; the page waits for one. */
export type FullState = { phase: 'full'; seat: Fullness };

/** Final states: only opening the room again leads out of them. */
export type Ending = { phase: 'replaced' } | { phase: 'ended'; reason: 'left' | 'refused' };

/** States of a call that has a seat, or is about to get one. */
export type OpenCallState = Exclude<CallState, Ending | FullState>;

export function isEnding(state: CallState): state is Ending {
  return state.phase === 'replaced' || state.phase === 'ended';
}

/** True while both participants are connected to the server and ICE has found no path. */
export function isSearchingPath(state: CallState): boolean {
  const { phase } = state;
  return (
    (phase === 'connecting' && state.to === 'peer') ||
    (phase === 'reconnecting' && state.lost === 'media')
  );
}

export interface CallSnapshot {
  state: CallState;
  /** Name of the other participant, or of the last one; null before the first. */
  peerName: string | null;
  remote: RemoteMedia | null;
  /** Start of the call with this participant, in milliseconds since 1970; null before it. */
  since: number | null;
  /** True while the own video is paused to leave the bandwidth to the audio. */
  isVideoPaused: boolean;
  /** True if the server offers a TURN relay. */
  hasRelay: boolean;
}

export const initialSnapshot: CallSnapshot = {
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
  /** True when the server has been unreachable for longer than a short interruption. */
  serverOverdue: boolean;
  peer: Participant | null;
  media: MediaFacts | null;
  /** True when ICE has searched for longer than finding a path takes. */
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
  // Media does not pass through the server: while it flows, the call is not unreachable.
  if (serverOverdue && !media?.isConnected) return { phase: 'unreachable' };
  if (server === 'held' || server === 'taken') return { phase: 'full', seat: server };
  return server === 'lost' ? reconnecting('server') : { phase: 'connecting', to: 'server' };
}

function reconnecting(lost: 'server' | 'peer'): CallState {
  return { phase: 'reconnecting', lost };
}
