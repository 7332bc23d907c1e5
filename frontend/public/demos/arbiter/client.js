// A participant: one connection on which it sends (“producer”; it offers), and one for each other participant on which
// it receives (“consumer”; the SFU offers). What is written, and who sends sound and picture, goes over two channels of
// the first.

import { Gateway, Refused } from './gateway.js';
import { Peer } from './peer.js';

/** The server says so when somebody else has the id. */
const ID_IN_USE = 409;

/** How long after a connection has failed another one is tried. */
const RETRY_MS = 1_000;

/** The channels that every SFU knows, and their ids. */
export const CHANNELS = { chat: 100, features: 110 };

export class Client {
  /** Somebody's picture and sound. @type {(id: string, stream: MediaStream) => void} */
  onStream = () => {};
  /** Whether somebody sends sound and picture. @type {(id: string, features: {audio: boolean, video: boolean}) => void} */
  onFeatures = () => {};
  /** Somebody wrote. @type {(id: string, text: string) => void} */
  onMessage = () => {};
  /** Somebody has gone. @type {(id: string) => void} */
  onGone = () => {};
  /** The call is over: the SFU or the server has gone. */
  onOver = () => {};
  /** What this one sends does not get to the others. @type {(reason: string) => void} */
  onProblem = () => {};
  #id;
  #room;
  #media;
  #features = { audio: false, video: false };
  #gateway;
  #producer;
  /** By name. @type {Record<string, RTCDataChannel>} */
  #channels = {};
  /** By the id of the other participant. @type {Map<string, Peer>} */
  #consumers = new Map();

  /**
   * @param {string} name what the others are to see
   * @param {string} room from `findRoom`
   * @param {MediaStream | null} media what to send
   */
  async join(name, room, media) {
    [this.#room, this.#media] = [room, media];
    this.#gateway = await Gateway.open();
    this.#gateway.onMessage = (message) => this.#take(message);
    this.#gateway.onLost = () => this.#end();
    await this.#identify(name);
    await this.#publish();
  }

  /** Writes to everybody else. Throws if nobody can be written to yet. */
  write(content) {
    if (!this.#send('chat', { id: this.#id, sender: nameOf(this.#id), content }))
      throw new Error('the connection is not there yet');
  }

  /** Says whether this one sends sound and picture. */
  setFeatures(features) {
    this.#features = features;
    this.#tellFeatures(false);
  }

  /** Stops sending, or goes on, on the same connection. */
  async setSending(isSending) {
    for (const transceiver of this.#producer.connection.getTransceivers())
      transceiver.direction = isSending ? 'sendonly' : 'inactive';
    await this.#producer.offer();
  }

  /** How loud everybody else is, from 0 to 1. @returns {Map<string, number>} */
  levels() {
    const loudest = (peer) =>
      peer.connection
        .getReceivers()
        .flatMap((receiver) => receiver.getSynchronizationSources())
        .reduce((level, { audioLevel = 0 }) => Math.max(level, audioLevel), 0);
    return new Map([...this.#consumers].map(([id, peer]) => [id, loudest(peer)]));
  }

  leave() {
    this.#gateway?.close();
    this.#producer?.close();
    for (const id of [...this.#consumers.keys()]) this.#forget(id);
  }

  async #identify(name) {
    const identity = () => ({ id: this.#id, roomId: this.#room, type: 'client' });
    try {
      this.#id = idOfThisTab(name);
      await this.#gateway.send('identify', identity());
    } catch (error) {
      if (!(error instanceof Refused) || error.statusCode !== ID_IN_USE) throw error;
      // This tab was duplicated, and the other one is still there.
      this.#id = idOfThisTab(name, { isNew: true });
      await this.#gateway.send('identify', identity());
    }
  }

  /** Sends on a new connection; the SFU forgets the one before. */
  async #publish() {
    this.#producer?.close();
    const producer = new Peer((message) => this.#tell({ type: 'producer', ...message }));
    this.#producer = producer;
    producer.onFailed = () =>
      setTimeout(() => this.#producer === producer && void this.#publish(), RETRY_MS);
    for (const [label, id] of Object.entries(CHANNELS)) {
      const channel = producer.connection.createDataChannel(label, { negotiated: true, id });
      channel.onmessage = ({ data }) => this.#hear(label, data);
      this.#channels[label] = channel;
    }
    this.#channels.features.onopen = () => this.#tellFeatures(true);
    for (const track of this.#media?.getTracks() ?? [])
      producer.connection.addTransceiver(track, { direction: 'sendonly', streams: [this.#media] });
    await producer.offer();
  }

  #take({ type, remotePeerId, clientId, ...message }) {
    if (type === 'producer') void this.#producer.receive(message);
    else if (type === 'consumer') void this.#consumer(remotePeerId, message).receive(message);
    else if (type === 'clientDisconnect') this.#forget(clientId);
    else if (type === 'sfuDisconnect') this.#end();
    else if (type === 'refusal' && message.handshake === 'producer')
      this.onProblem(message.message);
  }

  #consumer(id, message) {
    const former = this.#consumers.get(id);
    if (former?.isMeant(message)) return former;
    former?.close();
    const consumer = new Peer((answer) =>
      this.#tell({ type: 'consumer', remotePeerId: id, ...answer }),
    );
    consumer.connection.ontrack = ({ streams: [stream] }) => this.onStream(id, stream);
    this.#consumers.set(id, consumer);
    return consumer;
  }

  /** Takes what somebody sent over a channel, who may be anybody and say anything. */
  #hear(label, data) {
    let said;
    try {
      said = JSON.parse(data);
    } catch {
      return;
    }
    const { id, content, features } = said ?? {};
    if (typeof id !== 'string') return;
    if (label === 'chat' && typeof content === 'string') this.onMessage(id, content);
    if (label === 'features' && features)
      this.onFeatures(id, { audio: Boolean(features.audio), video: Boolean(features.video) });
  }

  /** @param {boolean} initialConnect whether the SFU is to say what it knows of the others */
  #tellFeatures(initialConnect) {
    this.#send('features', { id: this.#id, features: this.#features, initialConnect });
  }

  #send(label, message) {
    const channel = this.#channels[label];
    if (channel?.readyState !== 'open') return false;
    channel.send(JSON.stringify(message));
    return true;
  }

  #forget(id) {
    this.#consumers.get(id)?.close();
    this.#consumers.delete(id);
    this.onGone(id);
  }

  #tell(message) {
    const data = { ...message, sender: this.#id, roomId: this.#room };
    // Refused once the SFU has gone, which is told as well.
    this.#gateway.send('handshake', data).catch(() => {});
  }

  #end() {
    this.leave();
    this.onOver();
  }
}

/** What somebody is called, which is the beginning of their id. */
export function nameOf(id) {
  const end = id.lastIndexOf('#');
  return end > 0 ? id.slice(0, end) : id;
}

/** The same before and after a reload. */
function idOfThisTab(name, { isNew = false } = {}) {
  if (isNew) sessionStorage.removeItem('arbiter-tab');
  const tab = sessionStorage.getItem('arbiter-tab') ?? randomId();
  sessionStorage.setItem('arbiter-tab', tab);
  return `${name.trim().normalize()}#${tab}`;
}

/** Other than `crypto.randomUUID`, this works on pages without TLS. */
export function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
