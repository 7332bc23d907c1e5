// The data channel of one connection, over which the two sides tell each other what they are up to.
// Both make it themselves, so that it costs no negotiation and no round trip.

import { isSameStatus, type PeerStatus, readStatus, writeStatus } from './peerStatus';

export const CHANNEL_LABEL = 'switchboard-status';

/** Far from the low numbers, which a client of another kind may use for channels of its own. */
export const CHANNEL_ID = 100;

export class StatusChannel {
  readonly #channel: RTCDataChannel;
  #own: PeerStatus | null = null;
  #told: PeerStatus | null = null;
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

  /** What the other side said last; null if it has no such channel, or has said nothing yet. */
  get received(): PeerStatus | null {
    return this.#received;
  }

  /** Tells the other side, as soon as there is a way to. */
  tell(status: PeerStatus): void {
    this.#own = status;
    this.#flush();
  }

  #flush(): void {
    if (!this.#own || this.#channel.readyState !== 'open') return;
    if (isSameStatus(this.#own, this.#told)) return;
    this.#channel.send(writeStatus(this.#own));
    this.#told = this.#own;
  }
}
