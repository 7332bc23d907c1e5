// What this side sends, and says that it sends, from its devices and its screen. Pure.

import type { OwnStatus } from './line';
import type { MediaSnapshot } from './media';
import type { Outgoing } from './mediaLines';

/** The screen goes before the camera, and does not depend on it. */
export function outgoingOf(local: MediaSnapshot, screen: MediaStreamTrack | null): Outgoing {
  const track = (kind: string) =>
    local.stream.getTracks().find((candidate) => candidate.kind === kind) ?? null;
  const camera = local.camera === 'on' ? track('video') : null;
  return { stream: local.stream, audio: track('audio'), video: screen ?? camera };
}

export function ownStatusOf(local: MediaSnapshot, screen: MediaStreamTrack | null): OwnStatus {
  return {
    microphone: local.microphone === 'on',
    camera: local.camera === 'on',
    screen: screen !== null,
  };
}
