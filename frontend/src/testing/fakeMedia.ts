// Streams and tracks without devices behind them.

export class FakeTrack extends EventTarget {
  enabled = true;
  muted = false;
  isStopped = false;
  contentHint = '';

  constructor(readonly kind: 'audio' | 'video') {
    super();
  }

  stop(): void {
    this.isStopped = true;
  }

  getSettings(): MediaTrackSettings {
    return {};
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

  addTrack(track: FakeTrack): void {
    this.#tracks.push(track);
  }

  removeTrack(track: FakeTrack): void {
    this.#tracks = this.#tracks.filter((kept) => kept !== track);
  }
}

/** A stream with a microphone's and a camera's track, as the code under test expects it. */
export function fakeStream(): MediaStream {
  const stream = new FakeMediaStream([new FakeTrack('audio'), new FakeTrack('video')]);
  return stream as unknown as MediaStream;
}
