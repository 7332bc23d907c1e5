// Remote tracks of one connection and the remote status: as received over the status channel or,
// from clients without one, inferred from muted tracks.

import type { PeerStatus } from './peerStatus';

export interface RemoteMedia {
  stream: MediaStream;
  /** True while video arrives that the remote participant means to show. */
  hasVideo: boolean;
  status: PeerStatus;
}

export class RemoteTracks {
  readonly #stream = new MediaStream();
  readonly #onChange: () => void;
  readonly #signal: AbortSignal;
  /** True for kinds that were received and are muted now; false before the first packet. */
  readonly #stopped = { audio: false, video: false };

  constructor(onChange: () => void, signal: AbortSignal) {
    this.#onChange = onChange;
    this.#signal = signal;
  }

  add(track: MediaStreamTrack): void {
    this.#stream.addTrack(track);
    for (const event of ['mute', 'unmute', 'ended']) {
      track.addEventListener(event, () => this.#onTrackEvent(track), { signal: this.#signal });
    }
    this.#onChange();
  }

  /** Media with the received status, or an inferred one; null without any track. */
  mediaWith(received: PeerStatus | null): RemoteMedia | null {
    const tracks = this.#stream.getTracks();
    if (tracks.length === 0) return null;
    const receivesVideo = tracks.some((track) => track.kind === 'video' && !track.muted);
    const status = received ?? this.#inferredStatus();
    const showsVideo = (status.camera || status.screen) && !status.videoPaused;
    return { stream: this.#stream, hasVideo: receivesVideo && showsVideo, status };
  }

  #inferredStatus(): PeerStatus {
    const { audio, video } = this.#stopped;
    return { microphone: !audio, camera: !video, screen: false, videoPaused: false };
  }

  #onTrackEvent(track: MediaStreamTrack): void {
    this.#stopped[track.kind as 'audio' | 'video'] = track.muted;
    this.#onChange();
  }
}
