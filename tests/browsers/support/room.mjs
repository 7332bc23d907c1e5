// People in a room of the kurento door: at its demo page, and others who do by hand what the page does not offer.

import { DEADLINE_MS } from '../../clients/support/deadline.mjs';

/** The server forwards, and is reached in the network of the tests. */
export const FORWARDING = { MEDIA: 'on', MEDIA_LISTEN: '127.0.0.1', MEDIA_PORT: '0' };

/** Somebody at the demo page in a room, with a browser of their own. */
export async function visitor(scene, name, room, circumstances) {
  const { page } = await scene.person(name, circumstances);
  await page.addInitScript(keepWebSockets);
  await page.goto(`/demos/kurento?${new URLSearchParams({ user: name, room })}`);
  await expectState(page, 'in-call');
  return page;
}

/** Has the page's newest WebSocket at hand. Handed to the browser as text. */
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

/** Exactly these tiles are there, in whatever order. */
export function expectTiles(page, ...names) {
  const areThere = (wanted) => {
    const shown = [...document.querySelectorAll('#tiles bdi')].map((caption) => caption.textContent);
    return JSON.stringify(shown.sort()) === JSON.stringify(wanted);
  };
  return page.waitForFunction(areThere, names.sort(), { timeout: DEADLINE_MS });
}

/** The pictures of so many others move, and no more are shown. */
export function expectToSee(page, count) {
  const move = (wanted) => {
    const videos = [...document.querySelectorAll('figure:not([data-self]) video')].filter((video) => video.srcObject);
    const moving = videos.filter((video) => !video.paused && video.getVideoPlaybackQuality().totalVideoFrames > 5);
    return videos.length === wanted && moving.length === wanted;
  };
  return page.waitForFunction(move, count, { timeout: DEADLINE_MS });
}

/**
 * What came so far over each connection that is open and receives: bytes of sound, frames of pictures that were decoded,
 * for how long these stood still in seconds, how often they had to begin anew, and how often the browser found out how long
 * its packets are under way.
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
      // The server says it once for sound and picture.
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

/** Over each of so many connections sound and pictures come, and go on coming. */
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

/** A browser that knows how long packets are under way asks for a lost repetition as soon as it could have come. */
export function expectToKnowTheWay(page) {
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
  throw new Error(`waited in vain for ${what}: ${JSON.stringify(seen)}`);
}

/**
 * Somebody who is in a room without being shown it: `window.user` sends, stops sending, and goes, as it is told. It speaks
 * for as long as it is not told to fall silent.
 *
 * @returns {Promise<import('playwright-core').Page>} at a page that shows nothing of the room
 */
export async function userByHand(scene, name, room) {
  const { page } = await scene.person(name);
  await page.goto('/demos/kurento');
  // Nothing is to be heard of a page that nobody has touched.
  await page.getByRole('heading', { level: 1 }).click();
  await page.evaluate(becomeUser, { user: name, room });
  return page;
}

/** Handed to the browser as text. */
async function becomeUser({ user, room }) {
  const { Connection } = await import('/demos/kurento/connection.js');
  const connection = new Connection();
  await connection.open(room);
  await connection.ask('joinRoom', { user, room, dataChannels: true });
  const video = { width: 320, height: 240, frameRate: 15 };
  const media = await navigator.mediaDevices.getUserMedia({ video });
  // The browser's own microphone beeps too shortly for anybody who speaks.
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
    /** What was written on the data channels of others. */
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
