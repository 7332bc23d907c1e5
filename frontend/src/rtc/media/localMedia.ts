// This side's camera and microphone. A missing, denied or busy device is an ordinary state: the
// stream then has fewer tracks, perhaps none, and gains those of devices permitted or plugged in
// later.

import { type Readable, Store } from '../../lib/store';
import { Capture } from './capture';
import { idOf, rememberWanted, stateOf } from './captureSource';
import { watchDevices } from './deviceChanges';
import {
  canFlip,
  type Device,
  type DeviceKind,
  devicesOf,
  findChoice,
  listDevices,
  noDevices,
  recallChoice,
  rememberChoice,
  type SourceKind,
  sourceKinds,
  systemSpeaker,
} from './devices';
import { isWorthRetrying } from './mediaProblem';
import type { DeviceSwitch, Facing, MediaSnapshot } from './mediaSnapshot';

export type { DeviceState } from './captureSource';
export type { MediaProblem } from './mediaProblem';
export type { DeviceSwitch, Facing, MediaSnapshot } from './mediaSnapshot';

export class LocalMedia {
  readonly #capture = new Capture({
    onChange: () => this.#publish(),
    onLost: (kind) => void this.#substitute(kind),
  });
  readonly #store: Store<MediaSnapshot>;
  #devices = noDevices;
  #speaker = recallChoice('speaker');
  #facing: Facing = 'user';
  #deviceSwitch: DeviceSwitch | null = null;
  /** Kinds whose chosen device is absent and replaced by another one. */
  readonly #substituted = new Set<SourceKind>();
  #opening: Promise<void> | null = null;
  #unwatch = () => {};

  constructor() {
    this.#store = new Store(this.#currentSnapshot());
  }

  get snapshot(): Readable<MediaSnapshot> {
    return this.#store;
  }

  /** Requests the devices once, and follows changes of them until `stop`. */
  open(): Promise<void> {
    this.#opening ??= this.#open();
    return this.#opening;
  }

  /** Requests the missing devices, as after they were plugged in or permitted. */
  async acquire(): Promise<void> {
    const missing = sourceKinds.filter((kind) => this.#isMissing(kind));
    for (const kind of missing) this.#sources[kind].problem = null;
    await this.#request(missing);
  }

  toggleMicrophone(): void {
    const { isWanted, problem, track } = this.#sources.microphone;
    if (problem && !track) void this.acquire();
    else this.setMicrophone(!isWanted);
  }

  /** Mutes or unmutes at once; the microphone stays open. */
  setMicrophone(on: boolean): void {
    const { track } = this.#sources.microphone;
    this.#setWanted('microphone', on);
    if (track) track.enabled = on;
    this.#publish();
  }

  /** Turns the camera on, or off and releases it. */
  toggleCamera(): void {
    const { isWanted, problem, track } = this.#sources.camera;
    if (problem && !track) void this.acquire();
    else this.#setCamera(!isWanted);
  }

  /** Changes to another device and stores the choice for later visits. */
  async select(kind: DeviceKind, id: string): Promise<void> {
    const found = devicesOf(kind, this.#devices).find((candidate) => candidate.id === id);
    const device = found ?? (kind === 'speaker' ? systemSpeaker : undefined);
    if (!device) return;
    this.#deviceSwitch = null;
    if (kind === 'speaker') this.#speaker = device;
    else await this.#choose(kind, device);
    if (kind === 'speaker' || !this.#sources[kind].problem) rememberChoice(kind, device);
    this.#publish();
  }

  /** Switches between the front and the back camera, or to the next camera. */
  async flipCamera(): Promise<void> {
    const source = this.#sources.camera;
    if (source.track?.getSettings().facingMode) {
      this.#facing = this.#currentFacing === 'user' ? 'environment' : 'user';
      source.choice = null;
      await this.#change('camera');
      return;
    }
    const { cameras } = this.#devices;
    const current = cameras.findIndex(({ id }) => id === idOf(this.#sources.camera));
    const next = cameras[(current + 1) % cameras.length];
    if (next) await this.#choose('camera', next);
  }

  /** Clears the notice of the last automatic switch. */
  dismissDeviceSwitch(): void {
    this.#deviceSwitch = null;
    this.#publish();
  }

  /** Releases the devices. */
  stop(): void {
    this.#unwatch();
    this.#opening = null;
    for (const kind of sourceKinds) this.#capture.release(kind);
    this.#publish();
  }

  async #open(): Promise<void> {
    this.#unwatch = watchDevices(() => void this.#useAvailable());
    await this.#refreshDevices();
    if (this.#opening) await this.acquire();
  }

  get #sources(): Capture['sources'] {
    return this.#capture.sources;
  }

  get #currentFacing(): Facing {
    const { track } = this.#sources.camera;
    if (!track) return this.#facing;
    return track.getSettings().facingMode === 'environment' ? 'environment' : 'user';
  }

  #setCamera(on: boolean): void {
    this.#setWanted('camera', on);
    if (on) void this.#request(['camera']);
    else this.#capture.fadeOut();
    this.#publish();
  }

  async #choose(kind: SourceKind, device: Device): Promise<void> {
    this.#sources[kind].choice = device;
    await this.#change(kind);
  }

  async #change(kind: SourceKind): Promise<void> {
    const source = this.#sources[kind];
    source.problem = null;
    if (kind === 'camera' && !source.isWanted) return this.#publish();
    // Many phones open one camera at a time. A microphone stays in use until its replacement opens.
    if (kind === 'camera') this.#capture.release(kind);
    await this.#request([kind]);
  }

  async #request(kinds: SourceKind[]): Promise<void> {
    if (kinds.length === 0) return;
    await this.#capture.request(kinds, this.#devices, this.#facing);
    await this.#refreshDevices();
    // Before the first permission the ids were unknown; now the chosen device can be required.
    const unchosen = kinds.filter((kind) => this.#isUnchosen(kind));
    if (unchosen.includes('camera')) this.#capture.release('camera');
    if (unchosen.length > 0) {
      await this.#capture.request(unchosen, this.#devices, this.#facing);
    }
  }

  /** True if the browser opened another device although the chosen one is present. */
  #isUnchosen(kind: SourceKind): boolean {
    const { choice, track, problem } = this.#sources[kind];
    const found = findChoice(choice, devicesOf(kind, this.#devices));
    if (!track || problem) return false;
    if (choice && !found) this.#substituted.add(kind);
    else this.#substituted.delete(kind);
    const { deviceId } = track.getSettings();
    return found !== undefined && deviceId !== undefined && deviceId !== found.id;
  }

  /** Replaces a lost device by another one, or finds out why there is none. */
  async #substitute(kind: SourceKind): Promise<void> {
    await this.#refreshDevices();
    await this.#request([kind]);
    this.#recordSwitch(kind);
  }

  #recordSwitch(kind: SourceKind): void {
    const { track } = this.#sources[kind];
    if (!track) return;
    this.#deviceSwitch = { kind, to: track.label };
    this.#publish();
  }

  /** Uses devices that have become available. */
  async #useAvailable(): Promise<void> {
    const before = this.#devices;
    await this.#refreshDevices();
    const retried: SourceKind[] = [];
    for (const kind of sourceKinds) {
      const { problem } = this.#sources[kind];
      const isMissing = problem !== null && this.#isMissing(kind);
      if (isMissing && (await isWorthRetrying(problem, kind, before, this.#devices)))
        retried.push(kind);
      else if (this.#hasReturned(kind))
        await this.#change(kind).then(() => this.#recordSwitch(kind));
    }
    // Keeps the problem until the request succeeds.
    if (this.#opening) await this.#request(retried.filter((kind) => this.#isMissing(kind)));
  }

  #hasReturned(kind: SourceKind): boolean {
    const { choice, track } = this.#sources[kind];
    const isThere = findChoice(choice, devicesOf(kind, this.#devices)) !== undefined;
    return this.#substituted.has(kind) && track !== null && isThere;
  }

  #isMissing(kind: SourceKind): boolean {
    const { track, isPending, isWanted } = this.#sources[kind];
    return !track && !isPending && (kind === 'microphone' || isWanted);
  }

  #setWanted(kind: SourceKind, on: boolean): void {
    this.#sources[kind].isWanted = on;
    rememberWanted(kind, on);
  }

  async #refreshDevices(): Promise<void> {
    this.#devices = await listDevices();
    this.#publish();
  }

  #publish(): void {
    this.#store.set(this.#currentSnapshot());
  }

  #currentSnapshot(): MediaSnapshot {
    const { microphone, camera } = this.#sources;
    const speaker = findChoice(this.#speaker, this.#devices.speakers);
    return {
      stream: this.#capture.stream,
      microphone: stateOf(microphone),
      camera: stateOf(camera),
      problems: { microphone: microphone.problem, camera: camera.problem },
      devices: this.#devices,
      selected: { microphone: idOf(microphone), camera: idOf(camera) },
      speaker: speaker?.id ?? '',
      facing: this.#currentFacing,
      canFlip: canFlip(this.#devices),
      deviceSwitch: this.#deviceSwitch,
    };
  }
}
