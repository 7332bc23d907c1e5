// This side's camera and microphone. A missing, blocked or busy device is a state like any other:
// the stream then holds what there is, perhaps nothing.

import { type Readable, Store } from '../lib/store';

export type DeviceState = 'pending' | 'on' | 'off' | 'missing';

/** Why a device is missing, in the cases in which somebody can do something about it. */
export type MediaProblem = 'blocked' | 'busy' | 'absent' | 'insecure';

export interface MediaSnapshot {
  /** The same object for as long as the visit lasts; its tracks change. */
  stream: MediaStream;
  microphone: DeviceState;
  camera: DeviceState;
  problem: MediaProblem | null;
  /** There is a front and a back camera. */
  canFlip: boolean;
  /** Id of the output device; empty for the default one. */
  speaker: string;
}

const video: MediaTrackConstraints = {
  facingMode: 'user',
  width: { ideal: 1280 },
  height: { ideal: 720 },
};

/** Both if possible, else whichever there is. */
const attempts: MediaStreamConstraints[] = [{ audio: true, video }, { audio: true }, { video }];

export class LocalMedia {
  readonly #stream = new MediaStream();
  readonly #store = new Store<MediaSnapshot>({
    stream: this.#stream,
    microphone: 'pending',
    camera: 'pending',
    problem: null,
    canFlip: false,
    speaker: '',
  });
  #stopped = false;

  get snapshot(): Readable<MediaSnapshot> {
    return this.#store;
  }

  /** Asks for the devices. May be asked again, after they were plugged in or allowed. */
  async acquire(): Promise<void> {
    this.#stopped = false;
    let problem: MediaProblem | null = null;
    for (const constraints of attempts) {
      try {
        const granted = await requestDevices(constraints);
        this.#adopt(granted.getTracks(), problem);
        return;
      } catch (error) {
        problem ??= problemOf(error);
      }
    }
    this.#adopt([], problem);
  }

  toggleMicrophone(): void {
    this.#toggle('audio');
  }

  toggleCamera(): void {
    this.#toggle('video');
  }

  setMicrophone(on: boolean): void {
    if ((this.#store.get().microphone === 'on') !== on) this.toggleMicrophone();
  }

  async flipCamera(): Promise<void> {}

  /** Gives the devices back: their lights go out. */
  stop(): void {
    this.#stopped = true;
    this.#replaceTracks([]);
    this.#publish(null);
  }

  #adopt(tracks: MediaStreamTrack[], problem: MediaProblem | null): void {
    if (this.#stopped) {
      for (const track of tracks) track.stop();
      return;
    }
    for (const track of tracks) {
      // Whoever was muted stays so.
      track.enabled = this.#track(track.kind)?.enabled ?? true;
      // Fires when a device is unplugged or taken away, not when this page stops it.
      track.addEventListener('ended', () => {
        this.#stream.removeTrack(track);
        this.#publish('absent');
      });
    }
    this.#replaceTracks(tracks);
    this.#publish(problem);
  }

  #replaceTracks(tracks: MediaStreamTrack[]): void {
    for (const track of this.#stream.getTracks()) {
      track.stop();
      this.#stream.removeTrack(track);
    }
    for (const track of tracks) this.#stream.addTrack(track);
  }

  #toggle(kind: 'audio' | 'video'): void {
    const track = this.#track(kind);
    if (!track) return;
    track.enabled = !track.enabled;
    this.#publish(this.#store.get().problem);
  }

  #publish(problem: MediaProblem | null): void {
    this.#store.set({
      stream: this.#stream,
      microphone: stateOf(this.#track('audio')),
      camera: stateOf(this.#track('video')),
      problem,
      canFlip: false,
      speaker: '',
    });
  }

  #track(kind: string): MediaStreamTrack | undefined {
    return this.#stream.getTracks().find((track) => track.kind === kind);
  }
}

function requestDevices(constraints: MediaStreamConstraints): Promise<MediaStream> {
  // Outside https and localhost, browsers hide mediaDevices altogether.
  if (!navigator.mediaDevices) return Promise.reject(new DOMException('', 'SecurityError'));
  return navigator.mediaDevices.getUserMedia(constraints);
}

function stateOf(track: MediaStreamTrack | undefined): DeviceState {
  if (!track) return 'missing';
  return track.enabled ? 'on' : 'off';
}

function problemOf(error: unknown): MediaProblem {
  switch (error instanceof DOMException ? error.name : '') {
    case 'NotAllowedError':
      return 'blocked';
    case 'NotReadableError':
    case 'AbortError':
      return 'busy';
    case 'SecurityError':
      return 'insecure';
    default:
      return 'absent';
  }
}
