// An AudioContext that hears what the test wants, and plays nothing.

class FakeNode {
  readonly gain = { setValueAtTime() {}, linearRampToValueAtTime() {} };
  connect(target: unknown): unknown {
    return target;
  }
  start(): void {}
  stop(): void {}
}

export class FakeAudioContext extends EventTarget {
  /** Those of the running test, oldest first. */
  static made: FakeAudioContext[] = [];
  /** What every microphone hears: the value of every sample, from 0 to 1. */
  static loudness = 0;
  /** How contexts begin. */
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
    this.#turn('running');
  }

  async close(): Promise<void> {
    this.#turn('closed');
  }

  #turn(state: AudioContextState): void {
    this.state = state;
    this.dispatchEvent(new Event('statechange'));
  }
}

export { FakeNode as FakeAudioNode };
