// Script that runs in every page before the page's own: records connections, tracks and server messages, and
// can alter them unnoticed by the page.

/**
 * Installs `window.probe`. Serialised into the browser, so it refers to nothing outside of itself.
 *
 * @param {{onlyRelayed: boolean}} network whether media passes only through a TURN server
 */
export function installProbe({ onlyRelayed }) {
  /** Every RTCPeerConnection made. @type {RTCPeerConnection[]} */
  const calls = [];
  /** Every configuration set on those connections. @type {RTCConfiguration[]} */
  const configurations = [];
  /** Every track of a camera or microphone. @type {MediaStreamTrack[]} */
  const tracks = [];
  let asked = 0;
  /** Every track of a shared screen. @type {MediaStreamTrack[]} */
  const screens = [];
  /** WebSockets that carried the session; mere upgrade probes are left out. @type {WebSocket[]} */
  const sockets = [];
  /** Packets received from the server. @type {string[]} */
  const packets = [];

  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(configuration) {
      super(onlyRelayed ? { ...configuration, iceTransportPolicy: 'relay' } : configuration);
      calls.push(this);
      configurations.push(configuration ?? {});
    }

    setConfiguration(configuration) {
      super.setConfiguration(configuration);
      configurations.push(configuration);
    }

    async setLocalDescription(description) {
      await super.setLocalDescription(description);
      if (this.signalingState === 'have-local-offer') window.probe.offers += 1;
    }

    /** Replaces the round trip time by that of the test, if set. */
    async getStats(...selector) {
      const report = await super.getStats(...selector);
      const { roundTripTime: currentRoundTripTime } = window.probe;
      if (currentRoundTripTime === null) return report;
      const entries = [...report].map(([id, stat]) =>
        stat.type === 'candidate-pair' ? [id, { ...stat, currentRoundTripTime }] : [id, stat],
      );
      return new Map(entries);
    }
  };

  window.WebSocket = class extends WebSocket {
    constructor(...address) {
      super(...address);
      this.addEventListener('message', ({ data }) => packets.push(data));
    }

    send(packet) {
      // Engine.IO's “upgrade” or Socket.IO's “connect”: the session uses this socket from here on.
      if (packet === '5' || packet.startsWith('40')) sockets.push(this);
      super.send(packet);
    }
  };

  // Long polling, with which every session starts.
  const { send } = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.send = function (...body) {
    this.addEventListener('load', () => packets.push(...this.responseText.split('\x1e')));
    return send.apply(this, body);
  };

  // The empty page of a new tab has no devices.
  const devices = navigator.mediaDevices;
  const getUserMedia = devices?.getUserMedia.bind(devices);
  if (devices) {
    devices.getUserMedia = async (constraints) => {
      asked += 1;
      const stream = await getUserMedia(constraints);
      tracks.push(...stream.getTracks());
      return stream;
    };
  }

  const getDisplayMedia = devices?.getDisplayMedia?.bind(devices);
  if (getDisplayMedia) {
    devices.getDisplayMedia = async (constraints) => {
      const stream = await getDisplayMedia(constraints);
      screens.push(...stream.getTracks());
      return stream;
    };
  }

  document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
    console.error(`violates the Content-Security-Policy: ${violatedDirective} ${blockedURI}`);
  });

  /** The server's answers to this page's joins. */
  function joins() {
    const answers = packets.filter((packet) => packet.startsWith('42["joined_successfully"'));
    return answers.map((packet) => JSON.parse(packet.slice(2))[1]);
  }

  function openCall() {
    return calls.findLast(({ connectionState }) => connectionState !== 'closed');
  }

  /** Counters of the media received over the open connection; they grow while media flows. */
  async function received() {
    const sums = { bytesHeard: 0, samplesHeard: 0, loudness: 0, framesDecoded: 0, framesShown: 0 };
    for (const report of (await openCall()?.getStats())?.values() ?? []) {
      if (report.type !== 'inbound-rtp') continue;
      if (report.kind === 'audio') {
        sums.bytesHeard += report.bytesReceived;
        sums.samplesHeard += report.totalSamplesReceived ?? 0;
        sums.loudness += report.totalAudioEnergy ?? 0;
      } else {
        sums.framesDecoded += report.framesDecoded ?? 0;
      }
    }
    const screen = document.querySelector('[data-testid=remote-video]');
    if (screen && !screen.paused) sums.framesShown = screen.getVideoPlaybackQuality().totalVideoFrames;
    return sums;
  }

  /** The local candidate of the selected pair, if there is one. */
  async function localCandidate() {
    const stats = (await openCall()?.getStats()) ?? new Map();
    const transport = [...stats.values()].find(({ type }) => type === 'transport');
    const pair = stats.get(transport?.selectedCandidatePairId);
    return stats.get(pair?.localCandidateId);
  }

  /** Resolves when each of `figures` has grown by its amount. */
  async function receiveMore(figures) {
    const before = await received();
    const isEnough = (now) =>
      Object.entries(figures).every(([figure, amount]) => now[figure] >= before[figure] + amount);
    let now = before;
    while (!isEnough(now)) {
      await new Promise(requestAnimationFrame);
      now = await received();
    }
  }

  /** Resolves after so many samples in a row without audio as loud as `loudness`. */
  async function hearNothing({ samples, loudness }) {
    let quietSince = await received();
    let now = quietSince;
    while (now.samplesHeard < quietSince.samplesHeard + samples) {
      await new Promise(requestAnimationFrame);
      now = await received();
      if (now.loudness >= quietSince.loudness + loudness) quietSince = now;
    }
  }

  /** Brightness of the brightest point of the remote video: 0 is black or no video, 255 white. */
  function brightestSpot() {
    const [width, height] = [64, 36];
    const screen = document.querySelector('[data-testid=remote-video]');
    if (getComputedStyle(screen).visibility === 'hidden') return 0;
    const canvas = new OffscreenCanvas(width, height).getContext('2d');
    canvas.drawImage(screen, 0, 0, width, height);
    const { data } = canvas.getImageData(0, 0, width, height);
    return Math.max(...data.filter((_, index) => index % 4 < 3));
  }

  window.probe = {
    calls,
    configurations,
    tracks,
    screens,
    sockets,
    /** Number of requests for devices. */
    questions: () => asked,
    /** Number of offers made. */
    offers: 0,
    /** Round trip time that the page measures, in seconds; null for the real one. @type {number | null} */
    roundTripTime: null,
    joins,
    packets,
    localCandidate,
    received,
    receiveMore,
    hearNothing,
    brightestSpot,
  };
}

/** Removes camera and microphone. Serialised into the browser. */
export function unplugDevices() {
  if (!navigator.mediaDevices) return;
  navigator.mediaDevices.getUserMedia = async () => {
    throw new DOMException('Requested device not found', 'NotFoundError');
  };
}
