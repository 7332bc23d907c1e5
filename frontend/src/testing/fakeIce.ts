// RTCPeerConnections that gather the candidates of a fake network and can reach one another.

/** The candidates to gather, and how servers answer. */
export interface FakeNetwork {
  /** True if the device has a network address. */
  hasAddress: boolean;
  stun: 'answers' | 'silent' | 'unreachable';
  turn: 'answers' | 'silent' | 'unreachable';
  /** True if data passes the relay once it has allocated an address. */
  relays: boolean;
}

type Type = 'host' | 'srflx' | 'relay';

/** The user name that the fake relays accept. */
export const SEATED = 'seated';

export class FakeIceConnection extends EventTarget {
  static network: FakeNetwork;
  static made: FakeIceConnection[] = [];

  iceGatheringState = 'new';
  localDescription: RTCSessionDescriptionInit | null = null;
  isClosed = false;
  #channel: FakeChannel | null = null;

  constructor(readonly configuration: RTCConfiguration = {}) {
    super();
    FakeIceConnection.made.push(this);
  }

  /** Sets whether the browser reports server errors, which it shows by having this attribute. */
  static reportErrors(does: boolean): void {
    const prototype = FakeIceConnection.prototype as { onicecandidateerror?: null };
    if (does) prototype.onicecandidateerror = null;
    else delete prototype.onicecandidateerror;
  }

  createDataChannel(): FakeChannel {
    this.#channel = new FakeChannel();
    return this.#channel;
  }

  async setLocalDescription(): Promise<void> {
    this.localDescription = { type: 'offer', sdp: '' };
    setTimeout(() => this.#gather(), 10);
  }

  async setRemoteDescription(): Promise<void> {
    const { relays, turn } = FakeIceConnection.network;
    if (!relays || turn !== 'answers' || !this.#isSeated) return;
    if (this.#channel) setTimeout(() => this.#channel?.dispatchEvent(new Event('open')));
  }

  async addIceCandidate(): Promise<void> {}

  close(): void {
    this.isClosed = true;
  }

  get #isSeated(): boolean {
    return (this.configuration.iceServers ?? []).some(({ username }) => username === SEATED);
  }

  #gather(): void {
    if (this.isClosed) return;
    const { hasAddress, stun, turn } = FakeIceConnection.network;
    const { iceServers = [], iceTransportPolicy = 'all' } = this.configuration;
    const urls = iceServers.flatMap((server) => server.urls);
    if (hasAddress && iceTransportPolicy === 'all') this.#find('host');
    const silent: boolean[] = [];
    for (const url of urls) {
      const isTurn = url.startsWith('turn');
      const answer = isTurn ? turn : stun;
      silent.push(answer === 'silent');
      if (answer === 'unreachable') this.#fail(701);
      else if (answer === 'answers' && !isTurn) this.#find('srflx');
      else if (answer === 'answers' && this.#isSeated) this.#find('relay');
      else if (answer === 'answers') this.#fail(401);
    }
    if (silent.includes(true)) return;
    this.iceGatheringState = 'complete';
    this.dispatchEvent(new Event('icegatheringstatechange'));
  }

  #find(type: Type): void {
    this.dispatchEvent(Object.assign(new Event('icecandidate'), { candidate: { type } }));
  }

  #fail(errorCode: number): void {
    this.dispatchEvent(Object.assign(new Event('icecandidateerror'), { errorCode }));
  }
}

/** Echoes every message, as if the remote side had sent it. */
class FakeChannel extends EventTarget {
  send(data: string): void {
    setTimeout(() => this.dispatchEvent(Object.assign(new Event('message'), { data })), 20);
  }
}
