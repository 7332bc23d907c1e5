// Participants of a kurento room: at its demo page, and scripted ones for what the page does not offer.

import { DEADLINE_MS } from '../../clients/support/deadline.mjs';

/** Server settings for forwarding media within the tests' network. */
export const FORWARDING = { MEDIA: 'on', MEDIA_LISTEN: '127.0.0.1', MEDIA_PORT: '0' };

/** Opens the demo page in a room, in a browser context of its own. */
export async function visitor(scene, name, room, circumstances) {
  const { page } = await scene.person(name, circumstances);
  await page.addInitScript(keepWebSockets);
  await page.goto(`/demos/kurento?${new URLSearchParams({ user: name, room })}`);
  await expectState(page, 'in-call');
  return page;
}

/** Records the page's newest WebSocket. Serialised into the browser. */
function keepWebSockets() {
  window.WebSocket = class extends WebSocket {
    constructor(...address) {
      super(...address);
      window.newestWebSocket = this;
    }
  };
}

export const expectState = (page, state) =>
  page.locator(`#notice[data-state=${state}]`).waitFor({ timeout: DEADLINE_MS });

/** Waits for exactly these tiles, in any order. */
export function expectTiles(page, ...names) {
  const areThere = (wanted) => {
    const shown = [...document.querySelectorAll('#tiles bdi')].map((caption) => caption.textContent);
    return JSON.stringify(shown.sort()) === JSON.stringify(wanted);
  };
  return page.waitForFunction(areThere, names.sort(), { timeout: DEADLINE_MS });
}

/** Waits for moving video of exactly `count` others. */
export function expectToSee(page, count) {
  const move = (wanted) => {
    const videos = [...document.querySelectorAll('figure:not([data-self]) video')].filter((video) => video.srcObject);
    const moving = videos.filter((video) => !video.paused && video.getVideoPlaybackQuality().totalVideoFrames > 5);
    return videos.length === wanted && moving.length === wanted;
  };
  return page.waitForFunction(move, count, { timeout: DEADLINE_MS });
}

/**
 * Counters of each receiving connection: bytes of audio, decoded frames, freezes in seconds, key frame
 * requests, and measured round trips.
 */
export function received(page) {
  return page.evaluate(async () => {
    const open = window.probe.calls.filter(({ connectionState }) => connectionState === 'connected');
    const reports = await Promise.all(open.map((call) => call.getStats()));
    return reports.flatMap((report) => {
      const all = [...report.values()];
      const [audio, video] = ['audio', 'video'].map((kind) =>
        all.find((stats) => stats.type === 'inbound-rtp' && stats.kind === kind),
      );
      if (!audio || !video) return [];
      // The server reports once for audio and video.
      const senders = all.filter(({ type }) => type === 'remote-outbound-rtp');
      const pair = report.get(all.find(({ type }) => type === 'transport')?.selectedCandidatePairId);
      return {
        bytesHeard: audio.bytesReceived,
        framesDecoded: video.framesDecoded ?? 0,
        frozenFor: video.totalFreezesDuration ?? 0,
        restarts: video.pliCount ?? 0,
        roundTrips: senders.reduce((sum, { roundTripTimeMeasurements = 0 }) => sum + roundTripTimeMeasurements, 0),
        protocol: report.get(pair?.remoteCandidateId)?.protocol,
      };
    });
  });
}

/** Waits for continuing audio and video over each of `connections` connections. */
export async function expectToReceive(page, connections, { frames = 20, bytes = 2_000 } = {}) {
  const before = await receivedOver(page, connections);
  const grown = (now) =>
    now.length === connections &&
    now.every((one, index) => {
      const { bytesHeard, framesDecoded } = before[index];
      return one.bytesHeard >= bytesHeard + bytes && one.framesDecoded >= framesDecoded + frames;
    });
  return eventually(() => received(page), grown, `sound and pictures over ${connections} connections`);
}

/** Waits until the browser has measured a round trip: it then requests retransmissions early enough. */
export function expectRoundTripTime(page) {
  const isKnown = (now) => now.length > 0 && now.every(({ roundTrips }) => roundTrips > 0);
  return eventually(() => received(page), isKnown, 'a round trip');
}

function receivedOver(page, connections) {
  const isThere = (now) => now.length === connections && now.every(({ framesDecoded }) => framesDecoded > 0);
  return eventually(() => received(page), isThere, `${connections} connections that receive`);
}

async function eventually(look, isSo, what) {
  const deadline = Date.now() + 2 * DEADLINE_MS;
  let seen;
  while (Date.now() < deadline) {
    seen = await look();
    if (isSo(seen)) return seen;
  }
  throw new Error(`timed out waiting for ${what}: ${JSON.stringify(seen)}`);
}

/**
 * A scripted participant without a page of the room: `window.user` publishes, unpublishes and leaves on
 * command, and speaks until it is silenced.
 *
 * @returns {Promise<import('playwright-core').Page>} a page that shows nothing of the room
 */
export async function scriptedParticipant(scene, name, room) {
  const { page } = await scene.person(name);
  await page.goto('/demos/kurento');
  // Audio plays only in a page that was touched.
  await page.getByRole('heading', { level: 1 }).click();
  await page.evaluate(runParticipant, { user: name, room });
  return page;
}

/** Serialised into the browser. */
async function runParticipant({ user, room }) {
  const { Connection } = await import('/demos/kurento/connection.js');
  const connection = new Connection();
  await connection.open(room);
  await connection.ask('joinRoom', { user, room, dataChannels: true });
  const video = { width: 320, height: 240, frameRate: 15 };
  const media = await navigator.mediaDevices.getUserMedia({ video });
  // The browser's fake microphone beeps too briefly for speech detection.
  const sound = new AudioContext();
  const [voice, volume, microphone] = [sound.createOscillator(), sound.createGain(), sound.createMediaStreamDestination()];
  voice.connect(volume).connect(microphone);
  voice.start();
  media.addTrack(microphone.stream.getAudioTracks()[0]);
  let publication;
  let notes;
  const negotiate = async (peer, method, params) => {
    await peer.setLocalDescription();
    const { sdpAnswer } = await connection.ask(method, { ...params, sdpOffer: peer.localDescription.sdp });
    await peer.setRemoteDescription({ type: 'answer', sdp: sdpAnswer });
  };
  window.user = {
    /** Messages received on the data channels of others. */
    read: [],
    fallSilent() {
      volume.gain.value = 0;
    },
    async publish(doLoopback = false) {
      publication = new RTCPeerConnection();
      const direction = doLoopback ? 'sendrecv' : 'sendonly';
      for (const track of media.getTracks()) publication.addTransceiver(track, { direction, streams: [media] });
      notes = publication.createDataChannel('notes');
      await negotiate(publication, 'publishVideo', { doLoopback });
    },
    async receive(sender) {
      const peer = new RTCPeerConnection();
      for (const kind of ['audio', 'video']) peer.addTransceiver(kind, { direction: 'recvonly' });
      const channel = peer.createDataChannel('notes');
      channel.onmessage = ({ data }) => this.read.push(data);
      await negotiate(peer, 'receiveVideoFrom', { sender });
      if (channel.readyState !== 'open') await new Promise((resolve) => channel.addEventListener('open', resolve));
    },
    async note(text) {
      if (notes.readyState !== 'open') await new Promise((resolve) => notes.addEventListener('open', resolve));
      notes.send(text);
    },
    async unpublish() {
      await connection.ask('unpublishVideo');
      publication.close();
    },
    async leave() {
      await connection.ask('leaveRoom');
      connection.close();
    },
  };
}
