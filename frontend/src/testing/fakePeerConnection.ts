// An RTCPeerConnection without a network that negotiates as specified: signaling states, implicit
// rollback, transceivers matched with those of an offer, and negotiationneeded in a later task and
// only when stable.

import { FakeDataChannel } from './fakeDataChannel';
import { FakeTrack } from './fakeMedia';

let lastSessionId = 0;

/** A sender and a receiver of one kind. */
export class FakeTransceiver {
  mid: string | null = null;
  direction = 'sendrecv';
  currentDirection: string | null = null;
  parameters: { encodings: RTCRtpEncodingParameters[] };

  readonly receiver: { track: FakeTrack };
  readonly sender: {
    track: unknown;
    setStreams: () => void;
    replaceTrack: (track: unknown) => Promise<void>;
    getParameters: () => FakeTransceiver['parameters'];
    setParameters: (parameters: FakeTransceiver['parameters']) => Promise<void>;
  };

  constructor(
    readonly kind: 'audio' | 'video',
    track: unknown = null,
    encoding: RTCRtpEncodingParameters = {},
  ) {
    this.parameters = { encodings: [encoding] };
    this.receiver = { track: new FakeTrack(kind) };
    this.sender = {
      track,
      setStreams: () => {},
      replaceTrack: async (replacement) => {
        this.sender.track = replacement;
      },
      getParameters: () => structuredClone(this.parameters),
      setParameters: async (parameters) => {
        this.parameters = parameters;
      },
    };
  }

  get encoding(): RTCRtpEncodingParameters | undefined {
    return this.parameters.encodings[0];
  }

  stop(): void {
    this.currentDirection = 'stopped';
  }
}

export class FakePeerConnection extends EventTarget {
  /** Every connection of the current test, oldest first. */
  static made: FakePeerConnection[] = [];

  signalingState: RTCSignalingState = 'stable';
  connectionState: RTCPeerConnectionState = 'new';
  iceConnectionState: RTCIceConnectionState = 'new';
  localDescription: RTCSessionDescriptionInit | null = null;
  remoteDescription: RTCSessionDescriptionInit | null = null;
  candidates: unknown[] = [];
  channel: FakeDataChannel | null = null;
  /** Number of negotiationneeded events. */
  negotiations = 0;
  /** Result of getStats. */
  stats: Array<Record<string, unknown>> = [];
  rollbacks = 0;
  restarts = 0;
  isClosed = false;

  readonly #sessionId = ++lastSessionId;
  #version = 0;
  #needsNegotiation = false;
  #operations = 0;
  #transceivers: FakeTransceiver[] = [];

  constructor(public configuration: RTCConfiguration = {}) {
    super();
    FakePeerConnection.made.push(this);
  }

  /** Kinds of the active transceivers. */
  get transceiverKinds(): string[] {
    return this.getTransceivers().map(({ kind }) => kind);
  }

  getTransceivers(): FakeTransceiver[] {
    return this.#transceivers.filter(({ currentDirection }) => currentDirection !== 'stopped');
  }

  transceiver(kind: 'audio' | 'video'): FakeTransceiver {
    const found = this.getTransceivers().find((transceiver) => transceiver.kind === kind);
    if (!found) throw new Error(`no ${kind} transceiver`);
    return found;
  }

  addTransceiver(
    trackOrKind: FakeTrack | 'audio' | 'video',
    { sendEncodings }: { sendEncodings?: RTCRtpEncodingParameters[] } = {},
  ): FakeTransceiver {
    const isKind = typeof trackOrKind === 'string';
    const kind = isKind ? trackOrKind : trackOrKind.kind;
    const track = isKind ? null : trackOrKind;
    const transceiver = new FakeTransceiver(kind, track, sendEncodings?.[0]);
    this.#transceivers.push(transceiver);
    this.#needNegotiation();
    return transceiver;
  }

  createDataChannel(label: string, options: RTCDataChannelInit): FakeDataChannel {
    this.channel = new FakeDataChannel(label, options);
    this.#needNegotiation();
    return this.channel;
  }

  getConfiguration(): RTCConfiguration {
    return this.configuration;
  }

  setConfiguration(configuration: RTCConfiguration): void {
    if (this.isClosed) throw new DOMException('', 'InvalidStateError');
    this.configuration = configuration;
  }

  async getStats(): Promise<Map<string, Record<string, unknown>>> {
    return new Map(this.stats.map((stat, index) => [String(index), stat]));
  }

  restartIce(): void {
    this.restarts += 1;
    this.#needNegotiation();
  }

  async setLocalDescription(): Promise<void> {
    await this.#operation(() => {
      const type = this.signalingState === 'have-remote-offer' ? 'answer' : 'offer';
      for (const [index, transceiver] of this.getTransceivers().entries()) {
        transceiver.mid ??= String(index);
      }
      this.localDescription = { type, sdp: this.#nextSdp() };
      this.signalingState = type === 'answer' ? 'stable' : 'have-local-offer';
      if (type === 'answer') this.#needsNegotiation = false;
    });
  }

  async setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
    await this.#operation(() => {
      if (!description.sdp?.startsWith('v=0')) throw new DOMException('', 'OperationError');
      if (description.type === 'offer') this.#applyOffer(description.sdp);
      else this.#applyAnswer();
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

  /** Sets the state of ICE and of the connection. */
  setState(state: 'connected' | 'disconnected' | 'failed'): void {
    this.connectionState = state;
    this.iceConnectionState = state;
    this.dispatchEvent(new Event('iceconnectionstatechange'));
    this.dispatchEvent(new Event('connectionstatechange'));
  }

  #applyOffer(sdp: string): void {
    if (this.signalingState === 'have-local-offer') this.#rollBack();
    this.signalingState = 'have-remote-offer';
    // Transceivers added by addTransceiver are not matched with those of an offer.
    for (const [, kind, mid] of sdp.matchAll(/m=(audio|video) .*\r\na=mid:(\d+)/g)) {
      if (this.#transceivers.some((transceiver) => transceiver.mid === mid)) continue;
      const transceiver = new FakeTransceiver(kind as 'audio' | 'video');
      transceiver.mid = mid ?? null;
      transceiver.direction = 'recvonly';
      this.#transceivers.push(transceiver);
    }
  }

  #rollBack(): void {
    this.rollbacks += 1;
    if (this.remoteDescription) return;
    for (const transceiver of this.#transceivers) transceiver.mid = null;
  }

  #applyAnswer(): void {
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
    this.negotiations += 1;
    this.dispatchEvent(new Event('negotiationneeded'));
  }

  #nextSdp(): string {
    this.#version += 1;
    const sections = this.getTransceivers().map(
      ({ kind, mid }) => `m=${kind} 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:${mid}\r\n`,
    );
    if (this.channel) sections.push('m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n');
    return `v=0\r\no=- ${this.#sessionId} ${this.#version} IN IP4 127.0.0.1\r\n${sections.join('')}`;
  }
}
