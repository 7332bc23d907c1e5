// The RTCPeerConnection to one other person, kept negotiated by the W3C's perfect negotiation:
// either side may offer at any time, and when both do, the polite one gives way. When the other
// side's page was loaded anew, the connection is made anew too.
// Source: https://www.w3.org/TR/webrtc/#perfect-negotiation-example

import type { Signal } from '../signaling/client';
import type { IceServerSupply } from './iceServerSupply';
import { Link } from './link';
import type { Outgoing, VideoLimits } from './mediaLines';
import type { PeerStatus } from './peerStatus';
import type { RemoteMedia } from './remoteMedia';
import { hasDataLine, originOf } from './sdp';

export interface PeerOptions {
  polite: boolean;
  iceServers: Pick<IceServerSupply, 'current' | 'fresh'>;
  /** To be delivered in order. */
  onSignal: (signal: Signal) => void;
  /** The connection's state, or what arrives over it, is different now. */
  onChange: () => void;
  /** A new connection was made; signals of the one before it are worth nothing any more. */
  onRenewed: () => void;
}

export class Peer {
  polite: boolean;

  readonly #options: PeerOptions;
  #link: Link;
  #outgoing: Outgoing | null = null;
  #status: PeerStatus | null = null;
  #limits: VideoLimits = { active: true };
  #makingOffer = false;
  #ignoringOffer = false;
  #earlyCandidates: Array<RTCIceCandidateInit | null> = [];
  #lastTurn: Promise<void> = Promise.resolve();

  constructor(options: PeerOptions) {
    this.#options = options;
    this.polite = options.polite;
    this.#link = this.#openLink();
  }

  get state(): RTCPeerConnectionState {
    return this.#connection.connectionState;
  }

  get remote(): RemoteMedia | null {
    return this.#link.remote;
  }

  /** True when nothing more will happen unless somebody acts. */
  get stalled(): boolean {
    if (this.#awaitsAnswer) return true;
    return !this.#link.healing.isUnderWay && !['connecting', 'connected'].includes(this.state);
  }

  /** True when the connection is up and no answer is outstanding. */
  get settled(): boolean {
    return this.state === 'connected' && !this.#awaitsAnswer;
  }

  /** Sends these tracks; called again, it swaps them without negotiating anew. */
  send(outgoing: Outgoing): void {
    this.#outgoing = outgoing;
    this.#link.lines.send(outgoing);
  }

  limitVideo(limits: VideoLimits): void {
    this.#limits = limits;
    this.#link.lines.limitVideo(limits);
  }

  /** Tells the other side what this one is up to, if it can be told. */
  tell(status: PeerStatus): void {
    this.#status = status;
    this.#link.tell(status);
  }

  /** Offers sound and picture, and asks for both, also of the kinds there is nothing to send of. */
  offer(): void {
    this.#openChannel();
    this.#link.lines.open();
  }

  receive(signal: Signal): void {
    this.#inTurn(() => this.#handle(signal));
  }

  /** Brings a connection back that does not get on by itself. */
  recover(): void {
    // An unanswered offer is repeated as it stands: a new one could be met by the old one's answer.
    if (this.#awaitsAnswer) this.#signalLocalDescription();
    else if (this.#failedAboveIce) this.#inTurn(() => this.#renewAndOffer());
    else void this.#link.healing.restart();
  }

  /** Looks whether the path is alive still, after something that may have cut it. */
  probe(): void {
    if (this.#connection.remoteDescription) void this.#link.healing.probe();
  }

  /** Whatever path is looked for next is looked for with these. */
  useServers(iceServers: RTCIceServer[]): void {
    this.#connection.setConfiguration({ ...this.#connection.getConfiguration(), iceServers });
  }

  getStats(): Promise<RTCStatsReport> {
    return this.#connection.getStats();
  }

  close(): void {
    this.#link.close();
  }

  get #connection(): RTCPeerConnection {
    return this.#link.connection;
  }

  get #awaitsAnswer(): boolean {
    return this.#connection.signalingState === 'have-local-offer';
  }

  /** The path is there, but encryption failed on it: no ICE restart mends that. */
  get #failedAboveIce(): boolean {
    const hasPath = ['connected', 'completed'].includes(this.#connection.iceConnectionState);
    return this.state === 'failed' && hasPath;
  }

  #openLink(): Link {
    const { iceServers, onSignal, onChange } = this.#options;
    return new Link({
      iceServers,
      onNegotiationNeeded: () => void this.#makeOffer(),
      onCandidate: (candidate) => onSignal({ kind: 'candidate', candidate }),
      onChange,
    });
  }

  #openChannel(): void {
    this.#link.openChannel();
    if (this.#status) this.#link.tell(this.#status);
  }

  /** Signals are handled one after the other, each when the one before it is done. */
  #inTurn(action: () => Promise<void> | void): void {
    this.#lastTurn = this.#lastTurn.then(action).catch(ignoreUnusable);
  }

  async #makeOffer(): Promise<void> {
    const connection = this.#connection;
    this.#makingOffer = true;
    await connection.setLocalDescription().catch(ignoreUnusable);
    if (connection !== this.#connection) return;
    this.#makingOffer = false;
    if (this.#awaitsAnswer) this.#signalLocalDescription();
  }

  async #handle(signal: Signal): Promise<void> {
    if (this.#link.isClosed) return;
    if (signal.kind === 'description') await this.#handleDescription(signal.description);
    else await this.#handleCandidate(signal.candidate);
  }

  async #handleDescription(description: RTCSessionDescriptionInit): Promise<void> {
    const isOffer = description.type === 'offer';
    const isStable = this.#connection.signalingState === 'stable' && !this.#makingOffer;
    const collides = isOffer && !isStable;
    this.#ignoringOffer = collides && !this.polite;
    if (this.#ignoringOffer) return;
    if (!isOffer && !this.#awaitsAnswer) return;
    if (this.#isFromElsewhere(description)) {
      if (!isOffer) return this.#renewAndOffer();
      this.#renew();
    }
    await this.#connection.setRemoteDescription(description);
    await this.#addEarlyCandidates();
    if (isOffer) await this.#answer(description);
  }

  async #answer({ sdp }: RTCSessionDescriptionInit): Promise<void> {
    const { lines } = this.#link;
    lines.adopt();
    if (hasDataLine(sdp)) this.#openChannel();
    await this.#connection.setLocalDescription();
    this.#signalLocalDescription();
    lines.openMissing();
  }

  async #handleCandidate(candidate: RTCIceCandidateInit | null): Promise<void> {
    if (!this.#connection.remoteDescription) {
      // Those of an offer we turned down have no description to wait for.
      if (!this.#ignoringOffer) this.#earlyCandidates.push(candidate);
      return;
    }
    await this.#connection.addIceCandidate(candidate);
  }

  async #addEarlyCandidates(): Promise<void> {
    for (const candidate of this.#earlyCandidates.splice(0)) {
      await this.#connection.addIceCandidate(candidate).catch(ignoreUnusable);
    }
  }

  /** The origin names a connection for as long as it lives: a reloaded page has another. */
  #isFromElsewhere(description: RTCSessionDescriptionInit): boolean {
    const known = originOf(this.#connection.remoteDescription?.sdp);
    const origin = originOf(description.sdp);
    return known !== null && origin !== null && known !== origin;
  }

  #renew(): void {
    this.close();
    this.#link = this.#openLink();
    this.#earlyCandidates = [];
    this.#makingOffer = false;
    this.#options.onRenewed();
    this.#link.lines.limitVideo(this.#limits);
    if (this.#outgoing) this.#link.lines.send(this.#outgoing);
  }

  #renewAndOffer(): void {
    this.#renew();
    this.offer();
  }

  #signalLocalDescription(): void {
    const description = this.#connection.localDescription;
    if (!description) return;
    const { type, sdp } = description;
    this.#options.onSignal({ kind: 'description', description: { type, sdp } });
  }
}

/**
 * A description or candidate that does not fit (late, or from a strange client) leaves the
 * connection as it was, and a call that stands still is noticed and recovered by its owner.
 */
function ignoreUnusable(_error: unknown): void {}
