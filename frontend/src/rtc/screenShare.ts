// The screen, or a window or a tab of it, as somebody lets the other one see it.

import { type Readable, Store } from '../lib/store';

export interface ScreenSnapshot {
  /** Null while nothing is shared. */
  stream: MediaStream | null;
}

/** Enough for scrolling; more would cost sharpness. */
const video: MediaTrackConstraints = { frameRate: { max: 15 } };

export class ScreenShare {
  readonly #store = new Store<ScreenSnapshot>({ stream: null });
  #isClosed = false;

  get snapshot(): Readable<ScreenSnapshot> {
    return this.#store;
  }

  get track(): MediaStreamTrack | null {
    return this.#store.get().stream?.getTracks()[0] ?? null;
  }

  /** Phones have no such thing, and neither have pages that are not secure. */
  static get isSupported(): boolean {
    return typeof navigator.mediaDevices?.getDisplayMedia === 'function';
  }

  /** Lets them choose what to share. Choosing nothing is no error. */
  async start(): Promise<void> {
    const stream = await navigator.mediaDevices.getDisplayMedia({ video }).catch(() => null);
    const track = stream?.getTracks().find(({ kind }) => kind === 'video');
    if (!stream || !track) return;
    if (this.#isClosed) {
      track.stop();
      return;
    }
    // Text must stay legible, if slowly.
    track.contentHint = 'detail';
    // The browser has a button of its own for this.
    track.addEventListener('ended', () => this.#drop(stream));
    this.stop();
    this.#store.set({ stream });
  }

  stop(): void {
    const { stream } = this.#store.get();
    if (stream) this.#drop(stream);
  }

  close(): void {
    this.#isClosed = true;
    this.stop();
  }

  #drop(stream: MediaStream): void {
    for (const track of stream.getTracks()) track.stop();
    if (this.#store.get().stream === stream) this.#store.set({ stream: null });
  }
}
