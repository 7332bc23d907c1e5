// The connection to one participant with all that belongs to it: what waits to be signalled to them,
// how well it carries the call, and what the picture may take of it.

import type { Readable } from '../lib/store';
import type { ParticipantId, SignalingClient } from '../signaling/client';
import type { IceServerSupply } from './iceServerSupply';
import type { Outgoing } from './mediaLines';
import { Peer } from './peer';
import type { PeerStatus } from './peerStatus';
import { afterLook, isPaused, limitsAt, type Thrift, unthrifty } from './pictureThrift';
import { type Figures, outgoingLevelOf } from './quality';
import { type Quality, QualityMonitor } from './qualityMonitor';
import { SignalOutbox } from './signalOutbox';

interface LineOptions {
  to: ParticipantId;
  polite: boolean;
  signaling: SignalingClient;
  iceServers: IceServerSupply;
  onChange: () => void;
}

/** What this side means to be seen and heard with. */
export type OwnStatus = Omit<PeerStatus, 'videoPaused'>;

export class Line {
  readonly to: ParticipantId;
  readonly peer: Peer;
  readonly outbox: SignalOutbox;
  /** Sound and picture have flowed at least once. */
  wasConnected = false;

  readonly #monitor: QualityMonitor;
  readonly #onChange: () => void;
  #thrift: Thrift = unthrifty;
  #status: OwnStatus = { microphone: false, camera: false, screen: false };
  #sendsVideo = false;

  constructor({ to, polite, signaling, iceServers, onChange }: LineOptions) {
    this.to = to;
    this.#onChange = onChange;
    this.outbox = new SignalOutbox((signal) => signaling.signal(to, signal));
    this.peer = new Peer({
      polite,
      iceServers,
      onSignal: (signal) => this.outbox.push(signal),
      onRenewed: () => this.outbox.clear(),
      onChange: () => this.#onPeerChange(),
    });
    this.#monitor = new QualityMonitor({
      getStats: () => (this.isConnected ? this.peer.getStats() : null),
      onLook: (figures) => this.#economise(figures),
    });
    this.outbox.open();
  }

  get isConnected(): boolean {
    return this.peer.state === 'connected';
  }

  get quality(): Readable<Quality | null> {
    return this.#monitor.quality;
  }

  /** The own picture has given way to the sound. */
  get isVideoPaused(): boolean {
    return isPaused(this.#thrift);
  }

  send(outgoing: Outgoing, status: OwnStatus): void {
    const isOtherPicture = status.screen !== this.#status.screen;
    this.#status = status;
    this.#sendsVideo = outgoing.video !== null;
    this.peer.send(outgoing);
    // Nothing can give way where nothing is sent, and what is sent next gets a chance.
    if (!this.#sendsVideo) this.#setThrift(unthrifty);
    else if (isOtherPicture) this.#limit();
    this.#tell();
  }

  close(): void {
    this.outbox.close();
    this.#monitor.close();
    this.peer.close();
  }

  #onPeerChange(): void {
    if (this.isConnected) this.wasConnected = true;
    this.#onChange();
  }

  #economise(figures: Figures): void {
    if (this.#sendsVideo) this.#setThrift(afterLook(this.#thrift, outgoingLevelOf(figures)));
  }

  #setThrift(thrift: Thrift): void {
    const { step } = this.#thrift;
    this.#thrift = thrift;
    if (thrift.step === step) return;
    this.#limit();
    this.#tell();
    this.#onChange();
  }

  #limit(): void {
    this.peer.limitVideo(limitsAt(this.#thrift, this.#status.screen));
  }

  #tell(): void {
    this.peer.tell({ ...this.#status, videoPaused: this.isVideoPaused });
  }
}
