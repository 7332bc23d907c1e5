// A participant: one connection on which it sends (“producer”, offered by this side), and one for
// each other participant on which it receives (“consumer”, offered by the SFU). Chat and the state
// of audio and video use two data channels of the producer.

import { Gateway, Refused } from './gateway.js';
import { Peer } from './peer.js';

/** Message of the server when another client has the id. */
const ID_IN_USE = 409;

/** Delay before a failed connection is replaced, in milliseconds. */
const RETRY_MS = 1_000;

/** Data channels that every SFU supports, and their ids. */
export const CHANNELS = { chat: 100, features: 110 };

export class Client {
  /** Media of another participant. @type {(id: string, stream: MediaStream) => void} */
  onStream = () => {};
  /**
   * State of another participant's audio and video. @type {(id: string, features: {audio: boolean,
   * video: boolean}) => void}
   */
  onFeatures = () => {};
  /** A chat message. @type {(id: string, text: string) => void} */
  onMessage = () => {};
  /** A participant has left. @type {(id: string) => void} */
  onGone = () => {};
  /** The call has ended: the SFU or the server is lost, or refuses this participant. */
  onOver = () => {};
  /** This participant's media does not reach the others. @type {(reason: string) => void} */
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
   * @param {string} name shown to the others
   * @param {string} room from `findRoom`
   * @param {MediaStream | null} media to send
   */
  async join(name, room, media) {
    [this.#room, this.#media] = [room, media];
    this.#gateway = await Gateway.open();
    this.#gateway.onMessage = (message) => this.#take(message);
    this.#gateway.onLost = () => this.#end();
    await this.#identify(name);
    await this.#publish();
  }

  /** Sends a chat message to all others. Throws while no channel is open. */
  write(content) {
    if (!this.#send('chat', { id: this.#id, sender: nameOf(this.#id), content }))
      throw new Error('the connection is not there yet');
  }

  /** Announces whether this participant sends audio and video. */
  setFeatures(features) {
    this.#features = features;
    this.#tellFeatures(false);
  }

  /** Stops or resumes sending on the same connection. */
  async setSending(isSending) {
    for (const transceiver of this.#producer.connection.getTransceivers())
      transceiver.direction = isSending ? 'sendonly' : 'inactive';
    await this.#producer.offer();
  }

  /** Loudness of the others, from 0 to 1. @returns {Map<string, number>} */
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
      // This tab was duplicated, and the original is still connected.
      this.#id = idOfThisTab(name, { isNew: true });
      await this.#gateway.send('identify', identity());
    }
  }

  /** Sends on a new connection; the SFU drops the previous one. */
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

  /** Handles a channel message, whose content and claimed sender are not trusted. */
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

  /** @param {boolean} initialConnect whether the SFU should send the state of the others */
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
    // Refused if the SFU is not there: nothing would ever answer.
    this.#gateway.send('handshake', data).catch((error) => {
      if (error instanceof Refused) this.#end();
    });
  }

  #end() {
    const tell = this.onOver;
    this.onOver = () => {};
    this.leave();
    tell();
  }
}

/** Display name of a participant: the beginning of the id. */
export function nameOf(id) {
  const end = id.lastIndexOf('#');
  return end > 0 ? id.slice(0, end) : id;
}

/** Stable across reloads. */
function idOfThisTab(name, { isNew = false } = {}) {
  if (isNew) sessionStorage.removeItem('arbiter-tab');
  const tab = sessionStorage.getItem('arbiter-tab') ?? randomId();
  sessionStorage.setItem('arbiter-tab', tab);
  return `${name.trim().normalize()}#${tab}`;
}

/** `crypto.randomUUID` is missing in pages without TLS. */
export function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
