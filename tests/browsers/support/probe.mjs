// What runs inside of every page before the page itself: it looks at the connections that the page makes and at what
// the server tells it, and can break them. The page does not notice.

/**
 * Installs `window.probe`. Handed to the browser as text, so it stands alone.
 *
 * @param {{onlyRelayed: boolean}} network whether nothing gets through but what a TURN server relays
 */
export function installProbe({ onlyRelayed }) {
  /** Every media connection that was ever made. @type {RTCPeerConnection[]} */
  const calls = [];
  /** What those connections were told, at first and later on. @type {RTCConfiguration[]} */
  const configurations = [];
  /** Everything that camera and microphone ever gave. @type {MediaStreamTrack[]} */
  const tracks = [];
  let asked = 0;
  /** Every screen that was ever shared. @type {MediaStreamTrack[]} */
  const screens = [];
  /** The connections to the server that came into use, those that were only tried out not among them. @type {WebSocket[]} */
  const sockets = [];
  /** What the server said, packet by packet. @type {string[]} */
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

    /** Tells the page, if a test wants that, of round trips that are longer than they are. */
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
      // Engine.IO's “upgrade”, or Socket.IO's “connect”: from here on everything goes this way.
      if (packet === '5' || packet.startsWith('40')) sockets.push(this);
      super.send(packet);
    }
  };

  // Long polling, with which every visit begins.
  const { send } = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.send = function (...body) {
    this.addEventListener('load', () => packets.push(...this.responseText.split('\x1e')));
    return send.apply(this, body);
  };

  // Empty pages, with which every tab begins, have no devices.
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

  /** What the server answered each time that this page joined. */
  function joins() {
    const answers = packets.filter((packet) => packet.startsWith('42["joined_successfully"'));
    return answers.map((packet) => JSON.parse(packet.slice(2))[1]);
  }

  function openCall() {
    return calls.findLast(({ connectionState }) => connectionState !== 'closed');
  }

  /** What came so far over the connection that is open now. Every figure grows for as long as media flows. */
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

  /** The path's own end of the open connection, as far as there is one. */
  async function localCandidate() {
    const stats = (await openCall()?.getStats()) ?? new Map();
    const transport = [...stats.values()].find(({ type }) => type === 'transport');
    const pair = stats.get(transport?.selectedCandidatePairId);
    return stats.get(pair?.localCandidateId);
  }

  /** Resolves when each of `figures` is greater, by the amount given with it, than it was. */
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

  /** Resolves when nothing as loud as `loudness` was heard for so many samples. */
  async function hearNothing({ samples, loudness }) {
    let quietSince = await received();
    let now = quietSince;
    while (now.samplesHeard < quietSince.samplesHeard + samples) {
      await new Promise(requestAnimationFrame);
      now = await received();
      if (now.loudness >= quietSince.loudness + loudness) quietSince = now;
    }
  }

  /** The lightest point of the other one's picture: 0 is black, or no picture; 255 is white. */
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
    /** How often the page has asked for devices. */
    questions: () => asked,
    /** How often this page has offered. */
    offers: 0,
    /** What the page is to believe, in seconds; the truth when null. @type {number | null} */
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

/** Makes a computer that has neither camera nor microphone. Handed to the browser as text, too. */
export function unplugDevices() {
  if (!navigator.mediaDevices) return;
  navigator.mediaDevices.getUserMedia = async () => {
    throw new DOMException('Requested device not found', 'NotFoundError');
  };
}
