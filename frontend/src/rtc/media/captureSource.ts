// State of one kind of capture device: whether it is wanted, its track and its problem.

import { recall, remember } from '../../lib/browserStorage';
import { type Device, recallChoice, type SourceKind } from './devices';
import type { MediaProblem } from './mediaProblem';

export type DeviceState = 'pending' | 'on' | 'off' | 'missing';

export interface CaptureSource {
  /** False while muted, or while the camera is off. */
  isWanted: boolean;
  track: MediaStreamTrack | null;
  isPending: boolean;
  problem: MediaProblem | null;
  choice: Device | null;
  /** Number of the newest request. Answers to older requests are discarded. */
  requestNumber: number;
}

/** Starts as this tab left the device: a reload does not unmute it. */
export function openSource(kind: SourceKind): CaptureSource {
  return {
    isWanted: recall(wantedKey(kind)) !== 'off',
    track: null,
    isPending: false,
    problem: null,
    choice: recallChoice(kind),
    requestNumber: 0,
  };
}

export function rememberWanted(kind: SourceKind, on: boolean): void {
  remember(wantedKey(kind), on ? 'on' : 'off');
}

export function stateOf({ track, isWanted, problem }: CaptureSource): DeviceState {
  if (track) return isWanted ? 'on' : 'off';
  if (problem) return 'missing';
  return isWanted ? 'pending' : 'off';
}

/** Id of the device in use, or of the chosen one, or null. */
export function idOf({ track, choice }: CaptureSource): string | null {
  return track?.getSettings().deviceId ?? choice?.id ?? null;
}

function wantedKey(kind: SourceKind): string {
  return `switchboard.${kind}`;
}
