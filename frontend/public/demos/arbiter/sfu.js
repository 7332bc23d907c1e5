// An SFU in a browser tab, to try the arbiter door. Forwards each client's media to all others. The
// server's own SFU forwards packets; a browser decodes and encodes, which suffices for a few
// people.

import { CHANNELS, randomId } from './client.js';
import { Gateway } from './gateway.js';
import { Peer } from './peer.js';

export class Sfu {
  /** Number of sending clients. @type {(count: number) => void} */
  onCount = () => {};
  /** The connection to the server was lost. */
  onOver = () => {};
  #id = `tab-${randomId()}`;
  #gateway;
  /**
   * Sending clients. @type {Map<string, {producer: Peer, consumers: Map<string, Peer>, channels:
   * Record<string, RTCDataChannel>}>}
   */
  #clients = new Map();

  /** @param {string} secret of the SFUs, empty where the server has none */
  async serve(secret) {
    this.#gateway = await Gateway.open({ secret });
    this.#gateway.onMessage = (message) => this.#take(message);
    this.#gateway.onLost = () => {
      this.stop();
      this.onOver();
    };
    await this.#gateway.send('identify', { id: this.#id, type: 'sfu' });
  }

  stop() {
    this.#gateway?.close();
    for (const id of [...this.#clients.keys()]) this.#forget(id);
  }

  #take({ type, sender, remotePeerId, clientId, ...message }) {
    if (type === 'producer') void this.#onProducer(sender, message);
    else if (type === 'consumer')
      void this.#clients.get(sender)?.consumers.get(remotePeerId)?.receive(message);
    else if (type === 'clientDisconnect') this.#forget(clientId);
  }

  async #onProducer(id, message) {
    const { producer } = this.#client(id);
    await producer.receive(message);
    if (message.description) this.#introduce(id);
  }

  #client(id) {
    let client = this.#clients.get(id);
    if (!client) {
      const producer = new Peer((message) => this.#tell(id, { type: 'producer', ...message }));
      client = { producer, consumers: new Map(), channels: this.#channels(id, producer) };
      this.#clients.set(id, client);
      this.onCount(this.#clients.size);
    }
    return client;
  }

  /** Forwards channel messages to all others. */
  #channels(from, { connection }) {
    const open = ([label, id]) => {
      const channel = connection.createDataChannel(label, { negotiated: true, id });
      channel.onmessage = ({ data }) => {
        channel.last = data;
        for (const [to, { channels }] of this.#clients)
          if (to !== from && channels[label].readyState === 'open') channels[label].send(data);
      };
      // A later client receives the current state of the others.
      if (label === 'features')
        channel.onopen = () => {
          for (const [other, { channels }] of this.#clients)
            if (other !== from && channels[label].last) channel.send(channels[label].last);
        };
      return [label, channel];
    };
    return Object.fromEntries(Object.entries(CHANNELS).map(open));
  }

  /** Connects the newcomer with all others, in both directions. */
  #introduce(newcomer) {
    for (const other of this.#clients.keys()) {
      if (other === newcomer) continue;
      this.#forward(newcomer, other);
      this.#forward(other, newcomer);
    }
  }

  #forward(from, to) {
    const tracks =
      this.#clients
        .get(from)
        ?.producer.connection.getReceivers()
        .map(({ track }) => track) ?? [];
    const consumers = this.#clients.get(to)?.consumers;
    if (tracks.length === 0 || !consumers || consumers.has(from)) return;
    const consumer = new Peer((message) =>
      this.#tell(to, { type: 'consumer', remotePeerId: from, ...message }),
    );
    const stream = new MediaStream(tracks);
    for (const track of tracks) consumer.connection.addTrack(track, stream);
    consumers.set(from, consumer);
    void consumer.offer();
  }

  #forget(gone) {
    const client = this.#clients.get(gone);
    if (!client) return;
    this.#clients.delete(gone);
    for (const peer of [client.producer, ...client.consumers.values()]) peer.close();
    for (const { consumers } of this.#clients.values()) {
      consumers.get(gone)?.close();
      consumers.delete(gone);
    }
    this.onCount(this.#clients.size);
  }

  #tell(receiver, message) {
    // Refused if the client has just left, which is reported separately.
    this.#gateway.send('handshake', { ...message, sender: this.#id, receiver }).catch(() => {});
  }
}
