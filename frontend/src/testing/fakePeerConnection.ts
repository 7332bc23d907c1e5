// An RTCPeerConnection that connects nothing, but negotiates by the book: signaling states,
// implicit rollback, and negotiationneeded in a later task and only when stable.

let lastOrigin = 0;

export class FakePeerConnection extends EventTarget {
  /** Every connection of the running test, oldest first. */
  static made: FakePeerConnection[] = [];

  signalingState: RTCSignalingState = 'stable';
  connectionState: RTCPeerConnectionState = 'new';
  iceConnectionState: RTCIceConnectionState = 'new';
  localDescription: RTCSessionDescriptionInit | null = null;
  remoteDescription: RTCSessionDescriptionInit | null = null;
  candidates: unknown[] = [];
  transceivers: string[] = [];
  rollbacks = 0;
  restarts = 0;
  isClosed = false;

  readonly #origin = ++lastOrigin;
  #version = 0;
  #needsNegotiation = false;
  #operations = 0;

  constructor(readonly configuration?: RTCConfiguration) {
    super();
    FakePeerConnection.made.push(this);
  }

  addTrack(track: { kind: string }): { replaceTrack: () => Promise<void> } {
    this.addTransceiver(track.kind);
    return { replaceTrack: async () => {} };
  }

  addTransceiver(kind: string): void {
    this.transceivers.push(kind);
    this.#needNegotiation();
  }

  restartIce(): void {
    this.restarts += 1;
    this.#needNegotiation();
  }

  async setLocalDescription(): Promise<void> {
    await this.#operation(() => {
      const type = this.signalingState === 'have-remote-offer' ? 'answer' : 'offer';
      this.localDescription = { type, sdp: this.#nextSdp() };
      this.signalingState = type === 'answer' ? 'stable' : 'have-local-offer';
      if (type === 'answer') this.#needsNegotiation = false;
    });
  }

  async setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
    await this.#operation(() => {
      if (!description.sdp?.startsWith('v=0')) throw new DOMException('', 'OperationError');
      if (description.type === 'offer') this.#takeOffer();
      else this.#takeAnswer();
      this.remoteDescription = description;
    });
  }

  async addIceCandidate(candidate: unknown): Promise<void> {
    await this.#operation(() => {
      if (!this.remoteDescription) throw new DOMException('', 'InvalidStateError');
      this.candidates.push(candidate);
    });
  }

  close(): void {
    this.isClosed = true;
    this.signalingState = 'closed';
    this.connectionState = 'closed';
  }

  /** What the network does. */
  turn(state: 'connected' | 'disconnected' | 'failed'): void {
    this.connectionState = state;
    this.iceConnectionState = state;
    this.dispatchEvent(new Event('iceconnectionstatechange'));
    this.dispatchEvent(new Event('connectionstatechange'));
  }

  #takeOffer(): void {
    if (this.signalingState === 'have-local-offer') this.rollbacks += 1;
    this.signalingState = 'have-remote-offer';
  }

  #takeAnswer(): void {
    if (this.signalingState !== 'have-local-offer') throw new DOMException('', 'InvalidStateError');
    this.signalingState = 'stable';
  }

  async #operation(act: () => void): Promise<void> {
    this.#operations += 1;
    await Promise.resolve();
    this.#operations -= 1;
    if (this.isClosed) throw new DOMException('', 'InvalidStateError');
    act();
    if (this.#needsNegotiation) this.#needNegotiation();
  }

  #needNegotiation(): void {
    this.#needsNegotiation = true;
    setTimeout(() => this.#negotiateIfPossible());
  }

  #negotiateIfPossible(): void {
    const isIdle = this.signalingState === 'stable' && this.#operations === 0;
    if (!this.#needsNegotiation || !isIdle) return;
    this.#needsNegotiation = false;
    this.dispatchEvent(new Event('negotiationneeded'));
  }

  #nextSdp(): string {
    this.#version += 1;
    return `v=0\r\no=- ${this.#origin} ${this.#version} IN IP4 127.0.0.1\r\n`;
  }
}
