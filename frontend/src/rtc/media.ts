// This side's camera and microphone. A missing, blocked or busy device is a state like any other:
// the stream then holds what there is, perhaps nothing, and takes up what is granted or plugged in
// later.

import { type Readable, Store } from '../lib/store';
import { Capture } from './capture';
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
import { watchDevices } from './deviceWatch';
import { isPromising } from './mediaProblem';
import type { Facing, MediaSnapshot, Move } from './mediaSnapshot';
import { idOf, rememberWish, stateOf } from './mediaSource';

export type { MediaProblem } from './mediaProblem';
export type { Facing, MediaSnapshot, Move } from './mediaSnapshot';
export type { DeviceState } from './mediaSource';

export class LocalMedia {
  readonly #capture = new Capture({
    onChange: () => this.#publish(),
    onLost: (kind) => void this.#moveOn(kind),
  });
  readonly #store: Store<MediaSnapshot>;
  #devices = noDevices;
  #speaker = recallChoice('speaker');
  #facing: Facing = 'user';
  #moved: Move | null = null;
  /** Kinds of which something else is used than was chosen, because that is away. */
  readonly #substituted = new Set<SourceKind>();
  #opening: Promise<void> | null = null;
  #unwatch = () => {};

  constructor() {
    this.#store = new Store(this.#currentSnapshot());
  }

  get snapshot(): Readable<MediaSnapshot> {
    return this.#store;
  }

  /** Asks for the devices, once, and follows what becomes of them until `stop`. */
  open(): Promise<void> {
    this.#opening ??= this.#open();
    return this.#opening;
  }

  /** Asks for those that are missing. May be asked again, after they were plugged in or allowed. */
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

  /** Mutes or unmutes, at once: the microphone itself stays open. */
  setMicrophone(on: boolean): void {
    const { track } = this.#sources.microphone;
    this.#want('microphone', on);
    if (track) track.enabled = on;
    this.#publish();
  }

  /** Off means off: its light goes out. */
  toggleCamera(): void {
    const { isWanted, problem, track } = this.#sources.camera;
    if (problem && !track) void this.acquire();
    else this.#setCamera(!isWanted);
  }

  /** Changes to another device, for good. */
  async select(kind: DeviceKind, id: string): Promise<void> {
    const found = devicesOf(kind, this.#devices).find((candidate) => candidate.id === id);
    const device = found ?? (kind === 'speaker' ? systemSpeaker : undefined);
    if (!device) return;
    this.#moved = null;
    if (kind === 'speaker') this.#speaker = device;
    else await this.#choose(kind, device);
    if (kind === 'speaker' || !this.#sources[kind].problem) rememberChoice(kind, device);
    this.#publish();
  }

  /** From the camera that looks at the person to the one that looks away from them, and back. */
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

  /** The person has read that another device stepped in. */
  dismissMove(): void {
    this.#moved = null;
    this.#publish();
  }

  /** Gives the devices back: their lights go out. */
  stop(): void {
    this.#unwatch();
    this.#opening = null;
    for (const kind of sourceKinds) this.#capture.release(kind);
    this.#publish();
  }

  async #open(): Promise<void> {
    this.#unwatch = watchDevices(() => void this.#takeUp());
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
    this.#want('camera', on);
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
    // Many phones open one camera at a time. A microphone goes on until the next one is there.
    if (kind === 'camera') this.#capture.release(kind);
    await this.#request([kind]);
  }

  async #request(kinds: SourceKind[]): Promise<void> {
    if (kinds.length === 0) return;
    await this.#capture.request(kinds, this.#devices, this.#facing);
    await this.#refreshDevices();
    // Once more at most, and by name: before anything was granted, nobody knew which were there.
    const mistaken = kinds.filter((kind) => this.#isMistaken(kind));
    if (mistaken.includes('camera')) this.#capture.release('camera');
    if (mistaken.length > 0) {
      await this.#capture.request(mistaken, this.#devices, this.#facing);
    }
  }

  /** Whether another device was given than the one that was chosen, though that is there. */
  #isMistaken(kind: SourceKind): boolean {
    const { choice, track, problem } = this.#sources[kind];
    const found = findChoice(choice, devicesOf(kind, this.#devices));
    if (!track || problem) return false;
    if (choice && !found) this.#substituted.add(kind);
    else this.#substituted.delete(kind);
    const { deviceId } = track.getSettings();
    return found !== undefined && deviceId !== undefined && deviceId !== found.id;
  }

  /** Finds a substitute for a device that has gone, or finds out why there is none. */
  async #moveOn(kind: SourceKind): Promise<void> {
    await this.#refreshDevices();
    await this.#request([kind]);
    this.#noteMove(kind);
  }

  #noteMove(kind: SourceKind): void {
    const { track } = this.#sources[kind];
    if (!track) return;
    this.#moved = { kind, to: track.label };
    this.#publish();
  }

  /** Something may be different: uses what can be used now and could not before. */
  async #takeUp(): Promise<void> {
    const before = this.#devices;
    await this.#refreshDevices();
    const promising: SourceKind[] = [];
    for (const kind of sourceKinds) {
      const { problem } = this.#sources[kind];
      const isMissing = problem !== null && this.#isMissing(kind);
      if (isMissing && (await isPromising(problem, kind, before, this.#devices)))
        promising.push(kind);
      else if (this.#hasComeBack(kind)) await this.#change(kind).then(() => this.#noteMove(kind));
    }
    // The problem stays in sight until it is known to be gone.
    if (this.#opening) await this.#request(promising.filter((kind) => this.#isMissing(kind)));
  }

  #hasComeBack(kind: SourceKind): boolean {
    const { choice, track } = this.#sources[kind];
    const isThere = findChoice(choice, devicesOf(kind, this.#devices)) !== undefined;
    return this.#substituted.has(kind) && track !== null && isThere;
  }

  #isMissing(kind: SourceKind): boolean {
    const { track, isPending, isWanted } = this.#sources[kind];
    return !track && !isPending && (kind === 'microphone' || isWanted);
  }

  #want(kind: SourceKind, on: boolean): void {
    this.#sources[kind].isWanted = on;
    rememberWish(kind, on);
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
      moved: this.#moved,
    };
  }
}
