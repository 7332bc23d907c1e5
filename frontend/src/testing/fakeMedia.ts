// Streams and tracks without devices, and devices without hardware.

import { vi } from 'vitest';

export class FakeTrack extends EventTarget {
  enabled = true;
  muted = false;
  isStopped = false;
  contentHint = '';

  constructor(
    readonly kind: 'audio' | 'video',
    readonly deviceId = '',
    readonly label = '',
    readonly facingMode?: string,
  ) {
    super();
  }

  getSettings(): MediaTrackSettings {
    const { deviceId, facingMode } = this;
    return { deviceId, ...(facingMode && { facingMode }) };
  }

  stop(): void {
    this.isStopped = true;
  }
}

export class FakeMediaStream extends EventTarget {
  #tracks: FakeTrack[];

  constructor(tracks: FakeTrack[] = []) {
    super();
    this.#tracks = [...tracks];
  }

  getTracks(): FakeTrack[] {
    return [...this.#tracks];
  }

  getAudioTracks(): FakeTrack[] {
    return this.#tracks.filter(({ kind }) => kind === 'audio');
  }

  addTrack(track: FakeTrack): void {
    this.#tracks.push(track);
  }

  removeTrack(track: FakeTrack): void {
    this.#tracks = this.#tracks.filter((kept) => kept !== track);
  }
}

/** A stream with an audio and a video track, typed as the code under test expects it. */
export function fakeStream(): MediaStream {
  const stream = new FakeMediaStream([new FakeTrack('audio'), new FakeTrack('video')]);
  return stream as unknown as MediaStream;
}

type Kind = 'camera' | 'microphone';

const kinds = ['microphone', 'camera'] as const;
const inputs = { camera: 'videoinput', microphone: 'audioinput' } as const;
const members = { camera: 'video', microphone: 'audio' } as const;

class FakePermission extends EventTarget {
  state: PermissionState = 'granted';
}

/** A computer's devices and the browser's permissions, which are all granted by default. */
export class FakeDevices extends EventTarget {
  /** Labels; a device's id is its label in lower case. */
  cameras: string[] = ['Front', 'Back'];
  microphones: string[] = ['Desk', 'Headset'];
  speakers: string[] = ['Loud', 'Quiet'];
  readonly permissions = { camera: new FakePermission(), microphone: new FakePermission() };
  /** Errors of getUserMedia other than a missing permission or device. */
  readonly refusals: Partial<Record<Kind, DOMException>> = {};
  /** Every track that getUserMedia returned, oldest first. */
  readonly granted: FakeTrack[] = [];
  /** Delays every answer until it resolves. */
  answering: Promise<void> = Promise.resolve();
  readonly getUserMedia = vi.fn((constraints: MediaStreamConstraints) => this.#answer(constraints));

  /** Installs them in `navigator`, until `uninstall` or the end of the test. */
  install(): this {
    const query = async ({ name }: { name: Kind }) => this.permissions[name];
    const place = (name: string, value: object) =>
      Object.defineProperty(navigator, name, { value, configurable: true });
    place('mediaDevices', this);
    place('permissions', { query });
    return this;
  }

  static uninstall(): void {
    Reflect.deleteProperty(navigator, 'mediaDevices');
    Reflect.deleteProperty(navigator, 'permissions');
  }

  /** Delays all answers until the returned function is called. */
  hold(): () => void {
    let release = () => {};
    this.answering = new Promise((resolve) => {
      release = resolve;
    });
    return release;
  }

  permit(kind: Kind, state: PermissionState): void {
    this.permissions[kind].state = state;
    this.permissions[kind].dispatchEvent(new Event('change'));
  }

  /** Changes the plugged-in devices; tracks of removed devices end. */
  plug(devices: Partial<Pick<FakeDevices, 'cameras' | 'microphones' | 'speakers'>>): void {
    Object.assign(this, devices);
    for (const track of this.inUse) {
      const isThere = [...this.cameras, ...this.microphones].includes(track.label);
      if (!isThere) track.dispatchEvent(new Event('ended'));
    }
    this.dispatchEvent(new Event('devicechange'));
  }

  get inUse(): FakeTrack[] {
    return this.granted.filter(({ isStopped }) => !isStopped);
  }

  async enumerateDevices(): Promise<Partial<MediaDeviceInfo>[]> {
    return [
      ...this.#list('camera', this.cameras),
      ...this.#list('microphone', this.microphones),
      ...this.speakers.map(
        (label) => ({ kind: 'audiooutput', deviceId: idOf(label), label }) as const,
      ),
    ];
  }

  #list(kind: Kind, labels: string[]): Partial<MediaDeviceInfo>[] {
    const isKnown = this.permissions[kind].state === 'granted';
    return labels.map((label) => ({
      kind: inputs[kind],
      deviceId: isKnown ? idOf(label) : '',
      label: isKnown ? label : '',
    }));
  }

  async #answer(constraints: MediaStreamConstraints): Promise<FakeMediaStream> {
    await this.answering;
    const wanted = kinds.filter((kind) => constraints[members[kind]]);
    for (const kind of wanted) this.#check(kind);
    const tracks = wanted.map((kind) =>
      this.#track(kind, constraints[members[kind]] as MediaTrackConstraints),
    );
    this.granted.push(...tracks);
    return new FakeMediaStream(tracks);
  }

  #check(kind: Kind): void {
    if (this.#labels(kind).length === 0) throw new DOMException('', 'NotFoundError');
    const refusal = this.refusals[kind];
    if (refusal) throw refusal;
    const { state } = this.permissions[kind];
    if (state === 'denied') throw new DOMException('Permission denied', 'NotAllowedError');
    if (state === 'prompt') throw new DOMException('Permission dismissed', 'NotAllowedError');
  }

  /** Ignores `ideal` constraints, as browsers may. */
  #track(kind: Kind, { deviceId, facingMode }: MediaTrackConstraints): FakeTrack {
    const labels = this.#labels(kind);
    const { exact } = (deviceId ?? {}) as { exact?: string };
    const asked = exact ? labels.find((label) => idOf(label) === exact) : undefined;
    if (exact && !asked) throw new DOMException('', 'OverconstrainedError');
    const facing = facingMode === 'environment' && labels.includes('Back') ? 'Back' : undefined;
    const label = asked ?? facing ?? labels[0] ?? '';
    const facingOfDevice = { Front: 'user', Back: 'environment' }[label];
    return new FakeTrack(members[kind], idOf(label), label, facingOfDevice);
  }

  #labels(kind: Kind): string[] {
    return kind === 'camera' ? this.cameras : this.microphones;
  }
}

function idOf(label: string): string {
  return label.toLowerCase();
}
