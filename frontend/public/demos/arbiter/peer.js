// One RTCPeerConnection, and what the other end says about it, taken in one after the other.

export class Peer {
  connection = new RTCPeerConnection();
  #send;
  #early = [];
  #turn = Promise.resolve();

  /** @param {(message: {description?: object, candidate?: object}) => void} send */
  constructor(send) {
    this.#send = send;
    this.connection.onicecandidate = ({ candidate }) => {
      if (candidate) send({ candidate });
    };
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
