// One RTCPeerConnection, and what the other end says about it, taken in one after the other.

export class Peer {
  connection = new RTCPeerConnection();
  /** It could not be set up, or was lost. */
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

  /** Whether something that the other end sent is about this connection, and not about another in its place. */
  isMeant({ description }) {
    const current = this.connection.remoteDescription;
    return !description || !current || originOf(description.sdp) === originOf(current.sdp);
  }

  /** Offers what was added to the connection. */
  async offer() {
    await this.connection.setLocalDescription();
    this.#send({ description: this.connection.localDescription });
  }

  /** Takes in what the other end sent; an offer is answered. */
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

/** The number that stays the same in all descriptions of one end of a connection. */
function originOf(sdp) {
  return /^o=\S+ (\S+)/m.exec(sdp)?.[1];
}
