// One RTCPeerConnection and the signals for it, which are applied one after the other.

export class Peer {
  connection = new RTCPeerConnection();
  /** The connection could not be established, or was lost. */
  onFailed = () => {};
  #send;
  #early = [];
  #turn = Promise.resolve();

  /** @param {(message: {description?: object, candidate?: object}) => void} send */
  constructor(send) {
    this.#send = send;
    this.connection.onicecandidate = ({ candidate }) => {
      if (candidate) send({ candidate });
    };
    this.connection.onconnectionstatechange = () => {
      if (this.connection.connectionState === 'failed') this.onFailed();
    };
  }

  /** True if a signal belongs to this connection, and not to one that replaced it. */
  isMeant({ description }) {
    const current = this.connection.remoteDescription;
    return !description || !current || originOf(description.sdp) === originOf(current.sdp);
  }

  /** Sends an offer. */
  async offer() {
    await this.connection.setLocalDescription();
    this.#send({ description: this.connection.localDescription });
  }

  /** Applies a signal; answers an offer. */
  receive(message) {
    this.#turn = this.#turn.then(() => this.#receive(message));
    return this.#turn;
  }

  async #receive({ description, candidate }) {
    if (this.connection.signalingState === 'closed') return;
    if (description) {
      await this.connection.setRemoteDescription(description);
      if (description.type === 'offer') await this.offer();
      for (const early of this.#early.splice(0)) await this.connection.addIceCandidate(early);
    } else if (this.connection.remoteDescription) {
      await this.connection.addIceCandidate(candidate);
    } else {
      this.#early.push(candidate);
    }
  }

  close() {
    this.connection.close();
  }
}

/** Session id of a description, which is constant for each end of a connection. */
function originOf(sdp) {
  return /^o=\S+ (\S+)/m.exec(sdp)?.[1];
}
