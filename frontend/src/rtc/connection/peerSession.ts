// Everything for one remote participant: the connection, the signals that wait to be sent, the
// quality of the call and how far the outgoing video is degraded.

import type { Readable } from '../../lib/store';
import type { ParticipantId, SignalingClient } from '../../signaling/client';
import { sendLevelOf } from '../quality/level';
import { type Quality, QualityMonitor } from '../quality/qualityMonitor';
import type { Metrics } from '../quality/statistics';
import {
  afterSample,
  type Degradation,
  encodingAt,
  isPaused,
  undegraded,
} from '../quality/videoDegradation';
import type { IceServerCache } from './iceServerCache';
import { PeerConnection } from './peerConnection';
import type { PeerStatus } from './peerStatus';
import { SignalOutbox } from './signalOutbox';
import type { LocalTracks } from './transceivers';

interface PeerSessionOptions {
  to: ParticipantId;
  polite: boolean;
  signaling: SignalingClient;
  iceServers: IceServerCache;
  onChange: () => void;
}

/** Which devices this side has turned on. */
export type LocalStatus = Omit<PeerStatus, 'videoPaused'>;

export class PeerSession {
  readonly to: ParticipantId;
  readonly connection: PeerConnection;
  readonly outbox: SignalOutbox;
  /** True once media has flowed. */
  wasConnected = false;

  readonly #monitor: QualityMonitor;
  readonly #onChange: () => void;
  #degradation: Degradation = undegraded;
  #status: LocalStatus = { microphone: false, camera: false, screen: false };
  #sendsVideo = false;

  constructor({ to, polite, signaling, iceServers, onChange }: PeerSessionOptions) {
    this.to = to;
    this.#onChange = onChange;
    this.outbox = new SignalOutbox((signal) => signaling.signal(to, signal));
    this.connection = new PeerConnection({
      polite,
      iceServers,
      onSignal: (signal) => this.outbox.push(signal),
      onReplaced: () => this.outbox.clear(),
      onChange: () => this.#onConnectionChange(),
    });
    this.#monitor = new QualityMonitor({
      getStats: () => (this.isConnected ? this.connection.getStats() : null),
      onSample: (metrics) => this.#adaptVideo(metrics),
    });
    this.outbox.open();
  }

  get isConnected(): boolean {
    return this.connection.state === 'connected';
  }

  get quality(): Readable<Quality | null> {
    return this.#monitor.quality;
  }

  /** True while the own video is paused to leave the bandwidth to the audio. */
  get isVideoPaused(): boolean {
    return isPaused(this.#degradation);
  }

  send(tracks: LocalTracks, status: LocalStatus): void {
    const isOtherSource = status.screen !== this.#status.screen;
    this.#status = status;
    this.#sendsVideo = tracks.video !== null;
    this.connection.setTracks(tracks);
    // Without video there is nothing to degrade; the next video starts at full quality.
    if (!this.#sendsVideo) this.#setDegradation(undegraded);
    else if (isOtherSource) this.#applyEncoding();
    this.#sendStatus();
  }

  close(): void {
    this.outbox.close();
    this.#monitor.close();
    this.connection.close();
  }

  #onConnectionChange(): void {
    if (this.isConnected) this.wasConnected = true;
    this.#onChange();
  }

  #adaptVideo(metrics: Metrics): void {
    if (!this.#sendsVideo) return;
    this.#setDegradation(afterSample(this.#degradation, sendLevelOf(metrics)));
  }

  #setDegradation(degradation: Degradation): void {
    const { step } = this.#degradation;
    this.#degradation = degradation;
    if (degradation.step === step) return;
    this.#applyEncoding();
    this.#sendStatus();
    this.#onChange();
  }

  #applyEncoding(): void {
    this.connection.setVideoEncoding(encodingAt(this.#degradation, this.#status.screen));
  }

  #sendStatus(): void {
    this.connection.sendStatus({ ...this.#status, videoPaused: this.isVideoPaused });
  }
}
