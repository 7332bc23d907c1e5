// One call: an RTCPeerConnection and the messages that set it up. The server forwards any type; this page's are
// video-offer, video-answer and new-ice-candidate.

export class Call {
  #send;
  #on;
  #peer = new RTCPeerConnection();
  /** Of one's own camera and microphone. */
  #stream = new MediaStream();
  /** Candidates that came before the description they belong to. */
  #early = [];
  #wasConnected = false;
  #isOffering = false;
  /** Resolves when the devices are open. */
  #opened = Promise.resolve();

  /**
   * @param {string} partner who is at the other end
   * @param {boolean} yields whether this side gives way when both begin at once; the other side must not
   * @param {(type: string, payload: any) => void} send how to reach them
   * @param {object} on what to do
   * @param {(stream: MediaStream) => void} on.ownMedia
   * @param {(stream: MediaStream) => void} on.media
   * @param {(state: RTCPeerConnectionState) => void} on.state
   * @param {() => void} on.noDevices
   */
  constructor(partner, yields, send, on) {
    this.partner = partner;
    this.yields = yields;
    this.#send = send;
    this.#on = on;
    this.#peer.onicecandidate = ({ candidate }) => send('new-ice-candidate', candidate);
    this.#peer.ontrack = ({ streams }) => on.media(streams[0]);
    this.#peer.onconnectionstatechange = () => this.#onState(this.#peer.connectionState);
  }

  /** Whether the other one may well be there without the server knowing. */
  get isConnected() {
    return this.#wasConnected && this.#peer.connectionState !== 'failed';
  }

  /** Calls. */
  async begin() {
    this.#opened = this.#open();
    await this.#opened;
    await this.#offer();
  }

  /** Answers a call. */
  async accept(offer) {
    this.#opened = this.#open();
    await this.receiveOffer(offer);
  }

  /**
   * Takes an offer: the one that began the call, a later one to find a new path, or the other's own where both have
   * called at once. Source: W3C WebRTC, "perfect negotiation".
   */
  async receiveOffer(offer) {
    await this.#opened;
    if (this.#peer.signalingState === 'closed') return;
    const collides = this.#isOffering || this.#peer.signalingState !== 'stable';
    if (collides && !this.yields) return;
    await this.#peer.setRemoteDescription(offer);
    await this.#addEarly();
    await this.#describe();
  }

  async receiveAnswer(answer) {
    if (this.#peer.signalingState !== 'have-local-offer') return;
    await this.#peer.setRemoteDescription(answer);
    await this.#addEarly();
  }

  async receiveCandidate(candidate) {
    if (!this.#peer.remoteDescription) this.#early.push(candidate);
    // One that belongs to an offer that was given up is of no use, and does no harm.
    else await this.#peer.addIceCandidate(candidate).catch(() => {});
  }

  /** Looks for a new path to the other one if the old one has failed. One side does, or both would wait. */
  async mend() {
    if (this.#peer.connectionState !== 'failed' || this.yields) return;
    this.#peer.restartIce();
    await this.#offer();
  }

  end() {
    this.#peer.close();
    for (const track of this.#stream.getTracks()) track.stop();
  }

  /** Opens the camera and the microphone, if there are any and this page may use them. */
  async #open() {
    const [stream, iceServers] = await Promise.all([this.#openDevices(), findIceServers()]);
    this.#stream = stream;
    if (this.#peer.signalingState === 'closed') return this.end();
    this.#peer.setConfiguration({ iceServers });
    for (const track of stream.getTracks()) this.#peer.addTrack(track, stream);
    this.#on.ownMedia(stream);
  }

  async #openDevices() {
    try {
      return await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
    } catch {
      this.#on.noDevices();
      return new MediaStream();
    }
  }

  async #offer() {
    if (this.#peer.signalingState !== 'stable') return;
    this.#isOffering = true;
    for (const kind of ['audio', 'video']) {
      // Who has no camera still wants to see.
      const has = this.#peer.getTransceivers().some(({ receiver }) => receiver.track.kind === kind);
      if (!has) this.#peer.addTransceiver(kind, { direction: 'recvonly' });
    }
    await this.#describe();
    this.#isOffering = false;
  }

  /** Sends what this side offers, or what it answers. */
  async #describe() {
    await this.#peer.setLocalDescription();
    const description = this.#peer.localDescription;
    this.#send(`video-${description.type}`, description);
  }

  async #addEarly() {
    for (const candidate of this.#early.splice(0)) await this.receiveCandidate(candidate);
  }

  #onState(state) {
    if (state === 'connected') this.#wasConnected = true;
    this.#on.state(state);
    if (state === 'failed') this.mend();
  }
}

/** The STUN servers that this server knows of; without any, people in one network still find each other. */
async function findIceServers() {
  const response = await fetch('/api/v1/ice-servers').catch(() => null);
  return response?.ok ? (await response.json()).iceServers : [];
}
