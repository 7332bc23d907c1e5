// Requests, replaces and releases the tracks of camera and microphone. LocalMedia decides what to
// capture.

import { openSource } from './captureSource';
import { type DeviceOutcome, requestDevices, type WantedDevices } from './deviceRequest';
import { constraintsFor, type DeviceLists, type SourceKind } from './devices';
import type { Facing } from './mediaSnapshot';

/** Time to send a black frame, without which the other side keeps showing the last one. */
export const BLACK_FRAME_MS = 250;

interface CaptureEvents {
  onChange: () => void;
  /** Called when a device was unplugged or withdrawn. */
  onLost: (kind: SourceKind) => void;
}

export class Capture {
  readonly stream = new MediaStream();
  readonly sources = { microphone: openSource('microphone'), camera: openSource('camera') };

  readonly #events: CaptureEvents;
  /** A camera that is turned off and still sends a black frame. */
  #fading: { track: MediaStreamTrack; timer: ReturnType<typeof setTimeout> } | null = null;

  constructor(events: CaptureEvents) {
    this.#events = events;
  }

  /** Requests devices; resolves when all are answered. A newer request supersedes this one. */
  async request(kinds: SourceKind[], devices: DeviceLists, facing: Facing): Promise<void> {
    this.#endFading();
    const wanted: WantedDevices = {};
    const requestNumbers = { microphone: 0, camera: 0 };
    for (const kind of kinds) {
      const source = this.sources[kind];
      source.isPending = true;
      requestNumbers[kind] = ++source.requestNumber;
      wanted[kind] = constraintsFor(kind, source.choice, devices, facing);
    }
    this.#events.onChange();
    const isAwaited = (kind: SourceKind) =>
      this.sources[kind].requestNumber === requestNumbers[kind];
    await requestDevices(wanted, {
      isAwaited,
      onOutcome: (kind, outcome) => this.#onOutcome(kind, outcome, isAwaited(kind)),
    });
  }

  /** Releases a device and cancels a pending request for it. */
  release(kind: SourceKind): void {
    this.#cancelRequest(kind);
    this.#endFading();
    this.#put(kind, null);
  }

  /** Releases the camera after a black frame. */
  fadeOut(): void {
    this.#cancelRequest('camera');
    const { track } = this.sources.camera;
    this.sources.camera.track = null;
    if (!track) return;
    track.enabled = false;
    this.#fading = { track, timer: setTimeout(() => this.#endFading(), BLACK_FRAME_MS) };
  }

  #endFading(): void {
    if (!this.#fading) return;
    const { track, timer } = this.#fading;
    clearTimeout(timer);
    this.#fading = null;
    this.#discard(track);
  }

  #onOutcome(kind: SourceKind, outcome: DeviceOutcome, isAwaited: boolean): void {
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
    // Fires when the device is lost, not when this page stops the track.
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
    if (old) this.#discard(old);
  }

  #discard(track: MediaStreamTrack): void {
    this.stream.removeTrack(track);
    // Notifies before the track ends, so that the call stops sending it first.
    this.#events.onChange();
    track.stop();
  }

  #cancelRequest(kind: SourceKind): void {
    const source = this.sources[kind];
    source.requestNumber += 1;
    source.isPending = false;
  }
}
