// Sharing of the screen, or of one window or tab.

import { type Readable, Store } from '../../lib/store';

export interface ScreenSnapshot {
  /** Null while nothing is shared. */
  stream: MediaStream | null;
}

/** A rate that suffices for scrolling; a higher one would cost sharpness. */
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

  /** False on phones and in insecure contexts. */
  static get isSupported(): boolean {
    return typeof navigator.mediaDevices?.getDisplayMedia === 'function';
  }

  /** Lets the user choose what to share. A cancelled choice changes nothing. */
  async start(): Promise<void> {
    const stream = await navigator.mediaDevices.getDisplayMedia({ video }).catch(() => null);
    const track = stream?.getTracks().find(({ kind }) => kind === 'video');
    if (!stream || !track) return;
    if (this.#isClosed) {
      track.stop();
      return;
    }
    // Prefers sharp text over a high frame rate.
    track.contentHint = 'detail';
    // Fires when the user stops sharing by the browser's own button.
    track.addEventListener('ended', () => this.#end(stream));
    this.stop();
    this.#store.set({ stream });
  }

  stop(): void {
    const { stream } = this.#store.get();
    if (stream) this.#end(stream);
  }

  close(): void {
    this.#isClosed = true;
    this.stop();
  }

  #end(stream: MediaStream): void {
    for (const track of stream.getTracks()) track.stop();
    if (this.#store.get().stream === stream) this.#store.set({ stream: null });
  }
}
