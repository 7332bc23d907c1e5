// Connection to one remote participant, negotiated by perfect negotiation: either side may offer at
// any time, and the polite side yields on a collision. When the remote page was reloaded, a new
// RTCPeerConnection replaces the old one.
// Source: https://www.w3.org/TR/webrtc/#perfect-negotiation-example

import type { Signal } from '../../signaling/client';
import type { VideoEncoding } from '../quality/videoDegradation';
import type { IceServerCache } from './iceServerCache';
import { NativeConnection } from './nativeConnection';
import type { PeerStatus } from './peerStatus';
import type { RemoteMedia } from './remoteMedia';
import { hasDataChannelSection, sessionIdOf } from './sdp';
import type { LocalTracks } from './transceivers';

export interface PeerConnectionOptions {
  polite: boolean;
  iceServers: Pick<IceServerCache, 'current' | 'fresh'>;
  /** Called in order; the signals must be delivered in that order. */
  onSignal: (signal: Signal) => void;
  /** Called when the connection state or the remote media has changed. */
  onChange: () => void;
  /** Called after a replacement; unsent signals of the old RTCPeerConnection are obsolete. */
  onReplaced: () => void;
}

export class PeerConnection {
  polite: boolean;

  readonly #options: PeerConnectionOptions;
  #native: NativeConnection;
  #tracks: LocalTracks | null = null;
  #status: PeerStatus | null = null;
  #videoEncoding: VideoEncoding = { active: true };
  #makingOffer = false;
  #ignoringOffer = false;
  #earlyCandidates: Array<RTCIceCandidateInit | null> = [];
  #lastTask: Promise<void> = Promise.resolve();

  constructor(options: PeerConnectionOptions) {
    this.#options = options;
    this.polite = options.polite;
    this.#native = this.#openNative();
  }

  get state(): RTCPeerConnectionState {
    return this.#rtc.connectionState;
  }

  get remote(): RemoteMedia | null {
    return this.#native.remote;
  }

  /** True when the connection makes no progress until `recover` is called. */
  get isStalled(): boolean {
    if (this.#awaitsAnswer) return true;
    return !this.#native.ice.isRestartPending && !['connecting', 'connected'].includes(this.state);
  }

  /** True when the connection is up and no answer is outstanding. */
  get isStable(): boolean {
    return this.state === 'connected' && !this.#awaitsAnswer;
  }

  /** Sends these tracks; later calls replace them without renegotiation. */
  setTracks(tracks: LocalTracks): void {
    this.#tracks = tracks;
    this.#native.transceivers.setTracks(tracks);
  }

  setVideoEncoding(encoding: VideoEncoding): void {
    this.#videoEncoding = encoding;
    this.#native.transceivers.setVideoEncoding(encoding);
  }

  /** Sends this side's status, now or once the status channel is open. */
  sendStatus(status: PeerStatus): void {
    this.#status = status;
    this.#native.sendStatus(status);
  }

  /** Offers to send and receive audio and video, also without a local track. */
  offer(): void {
    this.#openStatusChannel();
    this.#native.transceivers.addAll();
  }

  receive(signal: Signal): void {
    this.#enqueue(() => this.#handle(signal));
  }

  /** Brings back a connection that does not recover by itself. */
  recover(): void {
    // Repeats an unanswered offer: the answer to it could otherwise be applied to a newer offer.
    if (this.#awaitsAnswer) this.#signalLocalDescription();
    else if (this.#hasDtlsFailed) this.#enqueue(() => this.#replaceAndOffer());
    else void this.#native.ice.restart();
  }

  /** Checks whether the path still carries traffic, after an event that may have cut it. */
  probe(): void {
    if (this.#rtc.remoteDescription) void this.#native.ice.probe();
  }

  /** Sets the ICE servers for the next gathering. */
  setIceServers(iceServers: RTCIceServer[]): void {
    this.#rtc.setConfiguration({ ...this.#rtc.getConfiguration(), iceServers });
  }

  getStats(): Promise<RTCStatsReport> {
    return this.#rtc.getStats();
  }

  close(): void {
    this.#native.close();
  }

  get #rtc(): RTCPeerConnection {
    return this.#native.rtc;
  }

  get #awaitsAnswer(): boolean {
    return this.#rtc.signalingState === 'have-local-offer';
  }

  /** True when DTLS failed on a working ICE path, which an ICE restart does not repair. */
  get #hasDtlsFailed(): boolean {
    const hasPath = ['connected', 'completed'].includes(this.#rtc.iceConnectionState);
    return this.state === 'failed' && hasPath;
  }

  #openNative(): NativeConnection {
    const { iceServers, onSignal, onChange } = this.#options;
    return new NativeConnection({
      iceServers,
      onNegotiationNeeded: () => void this.#makeOffer(),
      onCandidate: (candidate) => onSignal({ kind: 'candidate', candidate }),
      onChange,
    });
  }

  #openStatusChannel(): void {
    this.#native.openStatusChannel();
    if (this.#status) this.#native.sendStatus(this.#status);
  }

  /** Runs tasks one after the other: a signal is handled after the one before it. */
  #enqueue(task: () => Promise<void> | void): void {
    this.#lastTask = this.#lastTask.then(task).catch(ignoreUnusable);
  }

  async #makeOffer(): Promise<void> {
    const rtc = this.#rtc;
    this.#makingOffer = true;
    await rtc.setLocalDescription().catch(ignoreUnusable);
    if (rtc !== this.#rtc) return;
    this.#makingOffer = false;
    if (this.#awaitsAnswer) this.#signalLocalDescription();
  }

  async #handle(signal: Signal): Promise<void> {
    if (this.#native.isClosed) return;
    if (signal.kind === 'description') await this.#handleDescription(signal.description);
    else await this.#handleCandidate(signal.candidate);
  }

  async #handleDescription(description: RTCSessionDescriptionInit): Promise<void> {
    const isOffer = description.type === 'offer';
    const isStable = this.#rtc.signalingState === 'stable' && !this.#makingOffer;
    const collides = isOffer && !isStable;
    this.#ignoringOffer = collides && !this.polite;
    if (this.#ignoringOffer) return;
    if (!isOffer && !this.#awaitsAnswer) return;
    if (this.#isFromAnotherConnection(description)) {
      if (!isOffer) return this.#replaceAndOffer();
      this.#replace();
    }
    await this.#rtc.setRemoteDescription(description);
    await this.#addEarlyCandidates();
    if (isOffer) await this.#answer(description);
  }

  async #answer({ sdp }: RTCSessionDescriptionInit): Promise<void> {
    const { transceivers } = this.#native;
    transceivers.adoptOffered();
    if (hasDataChannelSection(sdp)) this.#openStatusChannel();
    await this.#rtc.setLocalDescription();
    this.#signalLocalDescription();
    transceivers.addMissing();
  }

  async #handleCandidate(candidate: RTCIceCandidateInit | null): Promise<void> {
    if (!this.#rtc.remoteDescription) {
      // Candidates of an ignored offer belong to no description.
      if (!this.#ignoringOffer) this.#earlyCandidates.push(candidate);
      return;
    }
    await this.#rtc.addIceCandidate(candidate);
  }

  async #addEarlyCandidates(): Promise<void> {
    for (const candidate of this.#earlyCandidates.splice(0)) {
      await this.#rtc.addIceCandidate(candidate).catch(ignoreUnusable);
    }
  }

  /** True for a description of a new remote RTCPeerConnection, as after a reload of its page. */
  #isFromAnotherConnection(description: RTCSessionDescriptionInit): boolean {
    const known = sessionIdOf(this.#rtc.remoteDescription?.sdp);
    const sessionId = sessionIdOf(description.sdp);
    return known !== null && sessionId !== null && known !== sessionId;
  }

  #replace(): void {
    this.close();
    this.#native = this.#openNative();
    this.#earlyCandidates = [];
    this.#makingOffer = false;
    this.#options.onReplaced();
    this.#native.transceivers.setVideoEncoding(this.#videoEncoding);
    if (this.#tracks) this.#native.transceivers.setTracks(this.#tracks);
  }

  #replaceAndOffer(): void {
    this.#replace();
    this.offer();
  }

  #signalLocalDescription(): void {
    const description = this.#rtc.localDescription;
    if (!description) return;
    const { type, sdp } = description;
    this.#options.onSignal({ kind: 'description', description: { type, sdp } });
  }
}

/**
 * Ignores a description or candidate that does not fit (late, or from a faulty client). It leaves
 * the connection unchanged, and the stall detector recovers a call that makes no progress.
 */
function ignoreUnusable(_error: unknown): void {}
