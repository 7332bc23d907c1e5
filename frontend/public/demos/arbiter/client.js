// A participant: one connection on which it sends (“producer”; it offers), and one for each other participant on which
// it receives (“consumer”; the SFU offers).

import { Gateway, Refused } from './gateway.js';
import { Peer } from './peer.js';

/** The server says so when somebody else has the id. */
const ID_IN_USE = 409;

export class Client {
  /** Somebody's picture and sound. @type {(id: string, stream: MediaStream) => void} */
  onStream = () => {};
  /** Somebody has gone. @type {(id: string) => void} */
  onGone = () => {};
  /** The call is over: the SFU or the server has gone. */
  onOver = () => {};
  #id = idOfThisTab();
  #room;
  #gateway;
  #producer;
  /** By the id of the other participant. @type {Map<string, Peer>} */
  #consumers = new Map();

  /**
   * @param {string} room from `findRoom`
   * @param {MediaStream} media what to send
   */
  async join(room, media) {
    this.#room = room;
    this.#gateway = await Gateway.open();
    this.#gateway.onMessage = (message) => this.#take(message);
    this.#gateway.onLost = () => this.#end();
    await this.#identify();

    this.#producer = new Peer((message) => this.#tell({ type: 'producer', ...message }));
    for (const track of media.getTracks()) this.#producer.connection.addTrack(track, media);
    await this.#producer.offer();
  }

  leave() {
    this.#gateway?.close();
    this.#producer?.close();
    for (const id of [...this.#consumers.keys()]) this.#forget(id);
  }

  async #identify() {
    const identity = () => ({ id: this.#id, roomId: this.#room, type: 'client' });
    try {
      await this.#gateway.send('identify', identity());
    } catch (error) {
      if (!(error instanceof Refused) || error.statusCode !== ID_IN_USE) throw error;
      // This tab was duplicated, and the other one is still there.
      this.#id = idOfThisTab({ isNew: true });
      await this.#gateway.send('identify', identity());
    }
  }

  #take({ type, remotePeerId, clientId, ...message }) {
    if (type === 'producer') void this.#producer.receive(message);
    else if (type === 'consumer') void this.#consumer(remotePeerId).receive(message);
    else if (type === 'clientDisconnect') this.#forget(clientId);
    else if (type === 'sfuDisconnect') this.#end();
  }

  #consumer(id) {
    let consumer = this.#consumers.get(id);
    if (!consumer) {
      consumer = new Peer((message) =>
        this.#tell({ type: 'consumer', remotePeerId: id, ...message }),
      );
      consumer.connection.ontrack = ({ streams: [stream] }) => this.onStream(id, stream);
      this.#consumers.set(id, consumer);
    }
    return consumer;
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

/** The same before and after a reload. */
function idOfThisTab({ isNew = false } = {}) {
  if (isNew) sessionStorage.removeItem('arbiter-id');
  const id = sessionStorage.getItem('arbiter-id') ?? randomId();
  sessionStorage.setItem('arbiter-id', id);
  return id;
}

/** Other than `crypto.randomUUID`, this works on pages without TLS. */
export function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
