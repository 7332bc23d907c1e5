// One RTCPeerConnection and what lives exactly as long as it does.

import { IceHealing } from './iceHealing';
import type { IceServerSupply } from './iceServerSupply';
import { MediaLines } from './mediaLines';
import type { PeerStatus } from './peerStatus';
import { type RemoteMedia, RemoteTracks } from './remoteMedia';
import { StatusChannel } from './statusChannel';

export interface LinkOptions {
  iceServers: Pick<IceServerSupply, 'current' | 'fresh'>;
  onNegotiationNeeded: () => void;
  onCandidate: (candidate: RTCIceCandidateInit | null) => void;
  /** The connection's state, or what arrives over it, is different now. */
  onChange: () => void;
}

export class Link {
  readonly connection: RTCPeerConnection;
  readonly lines: MediaLines;
  readonly healing: IceHealing;

  readonly #options: LinkOptions;
  readonly #remote: RemoteTracks;
  readonly #closing = new AbortController();
  /** Null until it is known that the other side can have one. */
  #channel: StatusChannel | null = null;

  constructor(options: LinkOptions) {
    this.#options = options;
    const { iceServers, onChange } = options;
    this.connection = new RTCPeerConnection({ iceServers: iceServers.current });
    this.lines = new MediaLines(this.connection);
    this.healing = new IceHealing(this.connection, iceServers);
    this.#remote = new RemoteTracks(onChange, this.#closing.signal);
    this.#listen();
  }

  get isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  get remote(): RemoteMedia | null {
    return this.#remote.with(this.#channel?.received ?? null);
  }

  openChannel(): void {
    this.#channel ??= new StatusChannel(this.connection, this.#options.onChange);
  }

  tell(status: PeerStatus): void {
    this.#channel?.tell(status);
  }

  close(): void {
    this.#closing.abort();
    this.healing.close();
    this.connection.close();
  }

  #listen(): void {
    const { connection } = this;
    const { signal } = this.#closing;
    const { onNegotiationNeeded, onCandidate } = this.#options;
    connection.addEventListener('negotiationneeded', onNegotiationNeeded, { signal });
    connection.addEventListener(
      'icecandidate',
      ({ candidate }) => onCandidate(candidate?.toJSON() ?? null),
      { signal },
    );
    connection.addEventListener('connectionstatechange', () => this.#onState(), { signal });
    connection.addEventListener('track', ({ track }) => this.#remote.take(track), { signal });
  }

  #onState(): void {
    if (this.connection.connectionState === 'connected') this.lines.settle();
    this.#options.onChange();
  }
}
