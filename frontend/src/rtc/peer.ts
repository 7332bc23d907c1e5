// The RTCPeerConnection to one other person, kept negotiated by the W3C's perfect negotiation:
// either side may offer at any time, and when both do, the polite one gives way. When the other
// side's page was loaded anew, the connection is made anew too.
// Source: https://www.w3.org/TR/webrtc/#perfect-negotiation-example

import type { Signal } from '../signaling/client';
import { originOf } from './sdp';

export interface PeerOptions {
  polite: boolean;
  configuration: RTCConfiguration;
  /** To be delivered in order. */
  onSignal: (signal: Signal) => void;
  /** The connection's state, or what arrives over it, is different now. */
  onChange: () => void;
  /** A new connection was made; signals of the one before it are worth nothing any more. */
  onRenewed: () => void;
}

export interface RemoteMedia {
  stream: MediaStream;
  /** False as long as no picture arrives. */
  hasVideo: boolean;
}

/** Most interruptions heal by themselves within this time, and restarting costs a round trip. */
export const DISCONNECTED_GRACE_MS = 5_000;

const kinds = ['audio', 'video'] as const;
type Kind = (typeof kinds)[number];

export class Peer {
  polite: boolean;

  readonly #options: PeerOptions;
  #connection: RTCPeerConnection;
  /** Ends with the connection it listens to. */
  #listening = new AbortController();
  #localStream: MediaStream | null = null;
  #remoteStream = new MediaStream();
  readonly #senders = new Map<Kind, RTCRtpSender>();
  #makingOffer = false;
  #ignoringOffer = false;
  #earlyCandidates: Array<RTCIceCandidateInit | null> = [];
  #lastTurn: Promise<void> = Promise.resolve();
  #restartTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: PeerOptions) {
    this.#options = options;
    this.polite = options.polite;
    this.#connection = new RTCPeerConnection(options.configuration);
    this.#listen();
  }

  get state(): RTCPeerConnectionState {
    return this.#connection.connectionState;
  }

  get remote(): RemoteMedia | null {
    const tracks = this.#remoteStream.getTracks();
    if (tracks.length === 0) return null;
    const hasVideo = tracks.some((track) => track.kind === 'video' && !track.muted);
    return { stream: this.#remoteStream, hasVideo };
  }

  /** True when nothing more will happen unless somebody acts. */
  get stalled(): boolean {
    return this.#awaitsAnswer || !['connecting', 'connected'].includes(this.state);
  }

  /** True when the connection is up and no answer is outstanding. */
  get settled(): boolean {
    return this.state === 'connected' && !this.#awaitsAnswer;
  }

  /** Sends what `stream` holds; called again, it swaps tracks without negotiating anew. */
  send(stream: MediaStream): void {
    this.#localStream = stream;
    for (const kind of kinds) {
      const track = stream.getTracks().find((candidate) => candidate.kind === kind) ?? null;
      const sender = this.#senders.get(kind);
      if (sender) void sender.replaceTrack(track).catch(ignoreUnusable);
      else if (track) this.#senders.set(kind, this.#connection.addTrack(track, stream));
    }
  }

  /** Asks for sound and picture, also of the kinds this side has nothing to send of. */
  offer(): void {
    for (const kind of kinds) {
      if (this.#senders.has(kind)) continue;
      this.#connection.addTransceiver(kind, { direction: 'recvonly' });
    }
  }

  receive(signal: Signal): void {
    this.#inTurn(() => this.#handle(signal));
  }

  /** Brings a connection back that does not get on by itself. */
  recover(): void {
    // An unanswered offer is repeated as it stands: a new one could be met by the old one's answer.
    if (this.#awaitsAnswer) this.#signalLocalDescription();
    else if (this.#failedAboveIce) this.#inTurn(() => this.#renewAndOffer());
    else this.#connection.restartIce();
  }

  close(): void {
    this.#listening.abort();
    clearTimeout(this.#restartTimer);
    this.#connection.close();
  }

  get #awaitsAnswer(): boolean {
    return this.#connection.signalingState === 'have-local-offer';
  }

  /** The path is there, but encryption failed on it: no ICE restart mends that. */
  get #failedAboveIce(): boolean {
    return this.state === 'failed' && this.#connection.iceConnectionState !== 'failed';
  }

  #listen(): void {
    const connection = this.#connection;
    const { signal } = this.#listening;
    const { onSignal, onChange } = this.#options;
    connection.addEventListener('negotiationneeded', () => void this.#makeOffer(), { signal });
    connection.addEventListener(
      'icecandidate',
      ({ candidate }) => onSignal({ kind: 'candidate', candidate: candidate?.toJSON() ?? null }),
      { signal },
    );
    connection.addEventListener('iceconnectionstatechange', () => this.#healIce(), { signal });
    connection.addEventListener('connectionstatechange', onChange, { signal });
    connection.addEventListener('track', ({ track }) => this.#takeTrack(track), { signal });
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
    if (this.#listening.signal.aborted) return;
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
    if (!isOffer) return;
    await this.#connection.setLocalDescription();
    this.#signalLocalDescription();
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
    this.#listening = new AbortController();
    this.#connection = new RTCPeerConnection(this.#options.configuration);
    this.#remoteStream = new MediaStream();
    this.#senders.clear();
    this.#earlyCandidates = [];
    this.#makingOffer = false;
    this.#listen();
    this.#options.onRenewed();
    if (this.#localStream) this.send(this.#localStream);
  }

  #renewAndOffer(): void {
    this.#renew();
    this.offer();
  }

  #healIce(): void {
    clearTimeout(this.#restartTimer);
    const { iceConnectionState } = this.#connection;
    if (iceConnectionState === 'failed') this.#connection.restartIce();
    if (iceConnectionState === 'disconnected') {
      this.#restartTimer = setTimeout(() => this.#connection.restartIce(), DISCONNECTED_GRACE_MS);
    }
  }

  #takeTrack(track: MediaStreamTrack): void {
    const { signal } = this.#listening;
    const { onChange } = this.#options;
    this.#remoteStream.addTrack(track);
    for (const event of ['mute', 'unmute', 'ended']) {
      track.addEventListener(event, onChange, { signal });
    }
    onChange();
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
