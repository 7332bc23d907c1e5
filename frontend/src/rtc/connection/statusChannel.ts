// Data channel over which the two sides exchange their status. Both create it with the same id, so
// it needs no negotiation of its own and no round trip.

import { isSameStatus, type PeerStatus, readStatus, writeStatus } from './peerStatus';

export const CHANNEL_LABEL = 'switchboard-status';

/** Id far above those that other clients use for their own data channels. */
export const CHANNEL_ID = 100;

export class StatusChannel {
  readonly #channel: RTCDataChannel;
  #own: PeerStatus | null = null;
  #sent: PeerStatus | null = null;
  #received: PeerStatus | null = null;

  constructor(connection: RTCPeerConnection, onChange: () => void) {
    this.#channel = connection.createDataChannel(CHANNEL_LABEL, {
      negotiated: true,
      id: CHANNEL_ID,
    });
    this.#channel.addEventListener('open', () => this.#flush());
    this.#channel.addEventListener('message', ({ data }) => {
      const status = readStatus(data);
      if (!status || isSameStatus(status, this.#received)) return;
      this.#received = status;
      onChange();
    });
  }

  /** Last status received; null before the first, or from a client without the channel. */
  get received(): PeerStatus | null {
    return this.#received;
  }

  /** Sends a changed status, now or once the channel is open. */
  send(status: PeerStatus): void {
    this.#own = status;
    this.#flush();
  }

  #flush(): void {
    if (!this.#own || this.#channel.readyState !== 'open') return;
    if (isSameStatus(this.#own, this.#sent)) return;
    this.#channel.send(writeStatus(this.#own));
    this.#sent = this.#own;
  }
}
