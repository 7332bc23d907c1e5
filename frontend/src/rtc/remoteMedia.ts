// What arrives from the other side over one connection, and what is known about it: as they tell it
// themselves or, with clients that tell nothing, as far as it can be guessed from the tracks.

import type { PeerStatus } from './peerStatus';

export interface RemoteMedia {
  stream: MediaStream;
  /** False as long as no picture arrives, or none that is meant to be seen. */
  hasVideo: boolean;
  status: PeerStatus;
}

export class RemoteTracks {
  readonly #stream = new MediaStream();
  readonly #onChange: () => void;
  readonly #signal: AbortSignal;
  /** What was there and has stopped; before it begins, nothing can be said. */
  readonly #stopped = { audio: false, video: false };

  constructor(onChange: () => void, signal: AbortSignal) {
    this.#onChange = onChange;
    this.#signal = signal;
  }

  take(track: MediaStreamTrack): void {
    this.#stream.addTrack(track);
    for (const event of ['mute', 'unmute', 'ended']) {
      track.addEventListener(event, () => this.#onTrackEvent(track), { signal: this.#signal });
    }
    this.#onChange();
  }

  /** Null while there is nothing at all. */
  with(told: PeerStatus | null): RemoteMedia | null {
    const tracks = this.#stream.getTracks();
    if (tracks.length === 0) return null;
    const hasPicture = tracks.some((track) => track.kind === 'video' && !track.muted);
    const status = told ?? this.#guess();
    const isMeantToBeSeen = (status.camera || status.screen) && !status.videoPaused;
    return { stream: this.#stream, hasVideo: hasPicture && isMeantToBeSeen, status };
  }

  #guess(): PeerStatus {
    const { audio, video } = this.#stopped;
    return { microphone: !audio, camera: !video, screen: false, videoPaused: false };
  }

  #onTrackEvent(track: MediaStreamTrack): void {
    this.#stopped[track.kind as 'audio' | 'video'] = track.muted;
    this.#onChange();
  }
}
