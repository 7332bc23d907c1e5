// Selects what this side sends, and the status it reports, from its devices and its screen. Pure.

import type { LocalStatus } from '../connection/peerSession';
import type { LocalTracks } from '../connection/transceivers';
import type { MediaSnapshot } from '../media/localMedia';

/** Tracks to send: a shared screen replaces the camera, and needs none. */
export function tracksToSend(local: MediaSnapshot, screen: MediaStreamTrack | null): LocalTracks {
  const track = (kind: string) =>
    local.stream.getTracks().find((candidate) => candidate.kind === kind) ?? null;
  const camera = local.camera === 'on' ? track('video') : null;
  return { stream: local.stream, audio: track('audio'), video: screen ?? camera };
}

export function localStatusOf(local: MediaSnapshot, screen: MediaStreamTrack | null): LocalStatus {
  return {
    microphone: local.microphone === 'on',
    camera: local.camera === 'on',
    screen: screen !== null,
  };
}
