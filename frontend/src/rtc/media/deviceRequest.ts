// Requests camera and microphone from the browser: both at once if possible, for a single prompt,
// and each alone where one of them fails.

import { type SourceKind, sourceKinds } from './devices';
import { knownProblem, type MediaProblem, permissionOf, problemOf } from './mediaProblem';

export type WantedDevices = Partial<Record<SourceKind, MediaTrackConstraints>>;

export type DeviceOutcome = { track: MediaStreamTrack } | { problem: MediaProblem };

interface RequestCallbacks {
  /** Called once for each wanted kind, as soon as its outcome is known. */
  onOutcome: (kind: SourceKind, outcome: DeviceOutcome) => void;
  /** Returns false for a kind whose request was superseded; it is not requested. */
  isAwaited: (kind: SourceKind) => boolean;
}

/** Requests the wanted devices. Resolves after the last outcome; never rejects. */
export async function requestDevices(
  wanted: WantedDevices,
  callbacks: RequestCallbacks,
): Promise<void> {
  const possible: SourceKind[] = [];
  for (const kind of sourceKinds.filter((kind) => wanted[kind])) {
    const problem = knownProblem(kind);
    if (problem) callbacks.onOutcome(kind, { problem });
    else possible.push(kind);
  }
  const remaining =
    possible.length > 1 ? await requestTogether(possible, wanted, callbacks) : possible;
  for (const kind of remaining) {
    if (callbacks.isAwaited(kind)) callbacks.onOutcome(kind, await requestAlone(kind, wanted));
  }
}

/** Requests all kinds at once. Returns those to request alone. */
async function requestTogether(
  kinds: SourceKind[],
  wanted: WantedDevices,
  { onOutcome }: RequestCallbacks,
): Promise<SourceKind[]> {
  try {
    const tracks = await tracksFor(wanted);
    for (const kind of kinds) onOutcome(kind, outcomeOf(tracks, kind));
    return [];
  } catch (error) {
    const remaining: SourceKind[] = [];
    for (const kind of kinds) {
      if (await wasDismissed(error, kind)) onOutcome(kind, { problem: 'dismissed' });
      else remaining.push(kind);
    }
    return remaining;
  }
}

/** True if the user closed the prompt: it must not appear again at once. */
async function wasDismissed(error: unknown, kind: SourceKind): Promise<boolean> {
  if ((await problemOf(error, kind)) !== 'dismissed') return false;
  return (await permissionOf(kind))?.state !== 'granted';
}

async function requestAlone(kind: SourceKind, wanted: WantedDevices): Promise<DeviceOutcome> {
  try {
    return outcomeOf(await tracksFor({ [kind]: wanted[kind] }), kind);
  } catch (error) {
    return { problem: await problemOf(error, kind) };
  }
}

async function tracksFor({ camera, microphone }: WantedDevices): Promise<MediaStreamTrack[]> {
  const constraints = {
    ...(camera && { video: camera }),
    ...(microphone && { audio: microphone }),
  };
  return (await navigator.mediaDevices.getUserMedia(constraints)).getTracks();
}

function outcomeOf(tracks: MediaStreamTrack[], kind: SourceKind): DeviceOutcome {
  const track = tracks.find((candidate) => candidate.kind === trackKinds[kind]);
  return track ? { track } : { problem: 'absent' };
}

export const trackKinds = { camera: 'video', microphone: 'audio' } as const;
