// One call: an RTCPeerConnection and its signals. The server forwards any type; this page uses
// video-offer, video-answer and new-ice-candidate.

export class Call {
  #send;
  #on;
  #peer = new RTCPeerConnection();
  /** Own camera and microphone. */
  #stream = new MediaStream();
  /** Candidates that arrived before their description. */
  #early = [];
  #wasConnected = false;
  #isOffering = false;
  /** Resolves when the devices are open. */
  #opened = Promise.resolve();

  /**
   * @param {string} partner name of the other user
   * @param {boolean} yields whether this side is the polite one; exactly one side is
   * @param {(type: string, payload: any) => void} send sends a signal to the partner
   * @param {object} on callbacks
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

  /** True while the media connection may work without the server. */
  get isConnected() {
    return this.#wasConnected && this.#peer.connectionState !== 'failed';
  }

  /** Places the call. */
  async begin() {
    this.#opened = this.#open();
    await this.#opened;
    await this.#offer();
  }

  /** Accepts a call. */
  async accept(offer) {
    this.#opened = this.#open();
    await this.receiveOffer(offer);
  }

  /**
   * Handles an offer: the first one, one for an ICE restart, or the partner's own when both call at
   * once. Source: W3C WebRTC, "perfect negotiation".
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
    // A candidate of an abandoned offer is useless and harmless.
    else await this.#peer.addIceCandidate(candidate).catch(() => {});
  }

  /** Restarts ICE after a failure. One side does so, and the other one answers. */
  async mend() {
    if (this.#peer.connectionState !== 'failed' || this.yields) return;
    this.#peer.restartIce();
    await this.#offer();
  }

  end() {
    this.#peer.close();
    for (const track of this.#stream.getTracks()) track.stop();
  }

  /** Opens camera and microphone, as far as they exist and are permitted. */
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
      // Receives video also without a camera.
      const has = this.#peer.getTransceivers().some(({ receiver }) => receiver.track.kind === kind);
      if (!has) this.#peer.addTransceiver(kind, { direction: 'recvonly' });
    }
    await this.#describe();
    this.#isOffering = false;
  }

  /** Sends the local description. */
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

/** The server's ICE servers; without any, only users in one network can connect. */
async function findIceServers() {
  const url = new URL('../../api/v1/ice-servers', import.meta.url);
  const response = await fetch(url).catch(() => null);
  return response?.ok ? (await response.json()).iceServers : [];
}
