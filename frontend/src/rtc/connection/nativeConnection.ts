// One RTCPeerConnection with the objects that share its lifetime.

import { IceRestarter } from './iceRestarter';
import type { IceServerCache } from './iceServerCache';
import type { PeerStatus } from './peerStatus';
import { type RemoteMedia, RemoteTracks } from './remoteMedia';
import { StatusChannel } from './statusChannel';
import { Transceivers } from './transceivers';

export interface NativeConnectionOptions {
  iceServers: Pick<IceServerCache, 'current' | 'fresh'>;
  onNegotiationNeeded: () => void;
  onCandidate: (candidate: RTCIceCandidateInit | null) => void;
  /** Called when the connection state or the remote media has changed. */
  onChange: () => void;
}

export class NativeConnection {
  readonly rtc: RTCPeerConnection;
  readonly transceivers: Transceivers;
  readonly ice: IceRestarter;

  readonly #options: NativeConnectionOptions;
  readonly #remote: RemoteTracks;
  readonly #closing = new AbortController();
  /** Null until the remote client is known to support data channels. */
  #channel: StatusChannel | null = null;

  constructor(options: NativeConnectionOptions) {
    this.#options = options;
    const { iceServers, onChange } = options;
    this.rtc = new RTCPeerConnection({ iceServers: iceServers.current });
    this.transceivers = new Transceivers(this.rtc);
    this.ice = new IceRestarter(this.rtc, iceServers);
    this.#remote = new RemoteTracks(onChange, this.#closing.signal);
    this.#listen();
  }

  get isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  get remote(): RemoteMedia | null {
    return this.#remote.mediaWith(this.#channel?.received ?? null);
  }

  openStatusChannel(): void {
    this.#channel ??= new StatusChannel(this.rtc, this.#options.onChange);
  }

  sendStatus(status: PeerStatus): void {
    this.#channel?.send(status);
  }

  close(): void {
    this.#closing.abort();
    this.ice.close();
    this.rtc.close();
  }

  #listen(): void {
    const { rtc } = this;
    const { signal } = this.#closing;
    const { onNegotiationNeeded, onCandidate } = this.#options;
    rtc.addEventListener('negotiationneeded', onNegotiationNeeded, { signal });
    rtc.addEventListener(
      'icecandidate',
      ({ candidate }) => onCandidate(candidate?.toJSON() ?? null),
      { signal },
    );
    rtc.addEventListener('connectionstatechange', () => this.#onState(), { signal });
    rtc.addEventListener('track', ({ track }) => this.#remote.add(track), { signal });
  }

  #onState(): void {
    if (this.rtc.connectionState === 'connected') this.transceivers.applyParameters();
    this.#options.onChange();
  }
}
