// What is known of one kind of device: the person's will, the track there is, and what is in the way.

import { recall, remember } from '../lib/browserStorage';
import { type Device, recallChoice, type SourceKind } from './devices';
import type { MediaProblem } from './mediaProblem';

export type DeviceState = 'pending' | 'on' | 'off' | 'missing';

export interface MediaSource {
  /** The person's will: false is muted, or camera off. */
  isWanted: boolean;
  track: MediaStreamTrack | null;
  isPending: boolean;
  problem: MediaProblem | null;
  choice: Device | null;
  /** Counts requests. Only the newest may bring a track, whichever is answered last. */
  turn: number;
}

/** Begins as this tab left it: a reload unmutes nobody. */
export function openSource(kind: SourceKind): MediaSource {
  return {
    isWanted: recall(wishKey(kind)) !== 'off',
    track: null,
    isPending: false,
    problem: null,
    choice: recallChoice(kind),
    turn: 0,
  };
}

export function rememberWish(kind: SourceKind, on: boolean): void {
  remember(wishKey(kind), on ? 'on' : 'off');
}

export function stateOf({ track, isWanted, problem }: MediaSource): DeviceState {
  if (track) return isWanted ? 'on' : 'off';
  if (problem) return 'missing';
  return isWanted ? 'pending' : 'off';
}

/** The id of the device in use, or else of the one that will be, or null. */
export function idOf({ track, choice }: MediaSource): string | null {
  return track?.getSettings().deviceId ?? choice?.id ?? null;
}

function wishKey(kind: SourceKind): string {
  return `switchboard.${kind}`;
}
