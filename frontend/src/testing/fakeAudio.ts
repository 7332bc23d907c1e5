// An AudioContext with a loudness set by the test, and no output.

class FakeNode {
  readonly gain = { setValueAtTime() {}, linearRampToValueAtTime() {} };
  connect(target: unknown): unknown {
    return target;
  }
  start(): void {}
  stop(): void {}
}

export class FakeAudioContext extends EventTarget {
  /** Contexts of the current test, oldest first. */
  static made: FakeAudioContext[] = [];
  /** Value of every microphone sample, from 0 to 1. */
  static loudness = 0;
  /** State of new contexts. */
  static initialState: AudioContextState = 'running';

  state = FakeAudioContext.initialState;
  sinkId = '';
  readonly currentTime = 0;
  readonly destination = new FakeNode();

  constructor() {
    super();
    FakeAudioContext.made.push(this);
  }

  static reset(): void {
    FakeAudioContext.made = [];
    FakeAudioContext.loudness = 0;
    FakeAudioContext.initialState = 'running';
  }

  async setSinkId(id: string): Promise<void> {
    if (id === 'broken') throw new DOMException('', 'NotFoundError');
    this.sinkId = id;
  }

  createAnalyser() {
    return {
      fftSize: 0,
      getFloatTimeDomainData: (samples: Float32Array) => samples.fill(FakeAudioContext.loudness),
    };
  }

  createMediaStreamSource(): FakeNode {
    return new FakeNode();
  }

  async resume(): Promise<void> {
    this.#setState('running');
  }

  async close(): Promise<void> {
    this.#setState('closed');
  }

  #setState(state: AudioContextState): void {
    this.state = state;
    this.dispatchEvent(new Event('statechange'));
  }
}

export { FakeNode as FakeAudioNode };
