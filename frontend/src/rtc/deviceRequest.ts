// Asks the browser for camera and microphone: for both at once if possible, which is one question to
// the person instead of two, and for each alone where one of them spoils it for the other.

import { type SourceKind, sourceKinds } from './devices';
import { type MediaProblem, obstacle, permissionOf, problemOf } from './mediaProblem';

export type Wanted = Partial<Record<SourceKind, MediaTrackConstraints>>;

export type Outcome = { track: MediaStreamTrack } | { problem: MediaProblem };

interface Answering {
  /** Called once for each kind that is wanted, as soon as it is known. */
  onOutcome: (kind: SourceKind, outcome: Outcome) => void;
  /** A kind for which this is false is not asked for any more. */
  isAwaited: (kind: SourceKind) => boolean;
}

/** Resolves when everything is answered. Never rejects. */
export async function requestDevices(wanted: Wanted, answering: Answering): Promise<void> {
  const possible: SourceKind[] = [];
  for (const kind of sourceKinds.filter((kind) => wanted[kind])) {
    const problem = obstacle(kind);
    if (problem) answering.onOutcome(kind, { problem });
    else possible.push(kind);
  }
  const remaining =
    possible.length > 1 ? await requestTogether(possible, wanted, answering) : possible;
  for (const kind of remaining) {
    if (answering.isAwaited(kind)) answering.onOutcome(kind, await requestAlone(kind, wanted));
  }
}

/** Returns the kinds that are worth asking for alone. */
async function requestTogether(
  kinds: SourceKind[],
  wanted: Wanted,
  { onOutcome }: Answering,
): Promise<SourceKind[]> {
  try {
    const tracks = await tracksFor(wanted);
    for (const kind of kinds) onOutcome(kind, outcomeOf(tracks, kind));
    return [];
  } catch (error) {
    const remaining: SourceKind[] = [];
    for (const kind of kinds) {
      if (await wasTurnedDown(error, kind)) onOutcome(kind, { problem: 'dismissed' });
      else remaining.push(kind);
    }
    return remaining;
  }
}

/** Whoever has just closed the browser's question is not asked it twice more. */
async function wasTurnedDown(error: unknown, kind: SourceKind): Promise<boolean> {
  if ((await problemOf(error, kind)) !== 'dismissed') return false;
  return (await permissionOf(kind))?.state !== 'granted';
}

async function requestAlone(kind: SourceKind, wanted: Wanted): Promise<Outcome> {
  try {
    return outcomeOf(await tracksFor({ [kind]: wanted[kind] }), kind);
  } catch (error) {
    return { problem: await problemOf(error, kind) };
  }
}

async function tracksFor({ camera, microphone }: Wanted): Promise<MediaStreamTrack[]> {
  const constraints = {
    ...(camera && { video: camera }),
    ...(microphone && { audio: microphone }),
  };
  return (await navigator.mediaDevices.getUserMedia(constraints)).getTracks();
}

function outcomeOf(tracks: MediaStreamTrack[], kind: SourceKind): Outcome {
  const track = tracks.find((candidate) => candidate.kind === trackKinds[kind]);
  return track ? { track } : { problem: 'absent' };
}

export const trackKinds = { camera: 'video', microphone: 'audio' } as const;
