// The tracks that are captured: asked for, taken, swapped and given back, for camera and microphone
// apart. What should be captured is decided in media.ts.

import { type Outcome, requestDevices, type Wanted } from './deviceRequest';
import { constraintsFor, type DeviceLists, type SourceKind } from './devices';
import type { Facing } from './mediaSnapshot';
import { openSource } from './mediaSource';

/** Long enough for a black picture to get to the other side, which would go on showing the last. */
export const LAST_PICTURE_MS = 250;

interface CaptureEvents {
  onChange: () => void;
  /** A device was unplugged or taken away. */
  onLost: (kind: SourceKind) => void;
}

export class Capture {
  readonly stream = new MediaStream();
  readonly sources = { microphone: openSource('microphone'), camera: openSource('camera') };

  readonly #events: CaptureEvents;
  /** A camera that is off, but still sends its last picture. */
  #fading: { track: MediaStreamTrack; timer: ReturnType<typeof setTimeout> } | null = null;

  constructor(events: CaptureEvents) {
    this.#events = events;
  }

  /** Resolves when all of them are answered, well or badly. A newer request makes it worthless. */
  async request(kinds: SourceKind[], devices: DeviceLists, facing: Facing): Promise<void> {
    this.#endFading();
    const wanted: Wanted = {};
    const turns = { microphone: 0, camera: 0 };
    for (const kind of kinds) {
      const source = this.sources[kind];
      source.isPending = true;
      turns[kind] = ++source.turn;
      wanted[kind] = constraintsFor(kind, source.choice, devices, facing);
    }
    this.#events.onChange();
    const isAwaited = (kind: SourceKind) => this.sources[kind].turn === turns[kind];
    await requestDevices(wanted, {
      isAwaited,
      onOutcome: (kind, outcome) => this.#onOutcome(kind, outcome, isAwaited(kind)),
    });
  }

  /** Gives a device back; a request for it that is under way is worthless now. */
  release(kind: SourceKind): void {
    this.#cancelRequest(kind);
    this.#endFading();
    this.#put(kind, null);
  }

  /** Gives the camera back when a black picture is on its way. */
  fadeOut(): void {
    this.#cancelRequest('camera');
    const { track } = this.sources.camera;
    this.sources.camera.track = null;
    if (!track) return;
    track.enabled = false;
    this.#fading = { track, timer: setTimeout(() => this.#endFading(), LAST_PICTURE_MS) };
  }

  #endFading(): void {
    if (!this.#fading) return;
    const { track, timer } = this.#fading;
    clearTimeout(timer);
    this.#fading = null;
    this.#dismiss(track);
  }

  #onOutcome(kind: SourceKind, outcome: Outcome, isAwaited: boolean): void {
    if (!isAwaited) {
      if ('track' in outcome) outcome.track.stop();
      return;
    }
    const source = this.sources[kind];
    source.isPending = false;
    source.problem = 'problem' in outcome ? outcome.problem : null;
    if ('track' in outcome) this.#adopt(kind, outcome.track);
    this.#events.onChange();
  }

  #adopt(kind: SourceKind, track: MediaStreamTrack): void {
    track.enabled = this.sources[kind].isWanted;
    // Fires when the device is gone, not when this page stops it.
    track.addEventListener('ended', () => {
      if (this.sources[kind].track !== track) return;
      this.#put(kind, null);
      this.#events.onLost(kind);
    });
    this.#put(kind, track);
  }

  #put(kind: SourceKind, track: MediaStreamTrack | null): void {
    const source = this.sources[kind];
    const old = source.track;
    source.track = track;
    if (track) this.stream.addTrack(track);
    if (old) this.#dismiss(old);
  }

  #dismiss(track: MediaStreamTrack): void {
    this.stream.removeTrack(track);
    // Told first, so that the call lets go of the track before it ends.
    this.#events.onChange();
    track.stop();
  }

  #cancelRequest(kind: SourceKind): void {
    const source = this.sources[kind];
    source.turn += 1;
    source.isPending = false;
  }
}
