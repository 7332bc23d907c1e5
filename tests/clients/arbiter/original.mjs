// The signaling of the original's client and SFU, with their quirks: the messages they send, ignore and crash
// on.

import { randomUUID } from 'node:crypto';
import WebSocket from 'ws';
import { within } from '../support/deadline.mjs';
import { Inbox } from '../support/inbox.mjs';

const SDP = 'v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n';
const CANDIDATE = { candidate: 'candidate:1 1 udp 1 192.0.2.1 9 typ host', sdpMid: '0', sdpMLineIndex: 0 };

/** The common part: a WebSocket, and one `switch` over the type of each message. */
class Participant {
  /** Accepted messages. */
  taken = new Inbox();
  /** Messages that it logged as “invalid handshake type”. */
  invalid = new Inbox();
  /** Errors that it threw; an unhandled rejection ends an SFU's process. */
  crashes = [];
  #socket;

  async open(server, path = '/production') {
    this.#socket = new WebSocket(server.url.replace('http', 'ws') + path);
    this.#socket.on('message', (data) => {
      try {
        this.#onMessage(JSON.parse(data));
      } catch (error) {
        this.crashes.push(error);
      }
    });
    await within(new Promise((resolve) => this.#socket.once('open', resolve)), 'the connection');
  }

  #onMessage(message) {
    const handle = this.handlers[message.type];
    if (!handle) return this.invalid.put(message);
    handle(message);
    this.taken.put(message);
  }

  send(action, data) {
    this.#socket.send(JSON.stringify({ action, data }));
  }

  /** Disconnects, and waits until the server has noticed. */
  async close() {
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    const closed = new Promise((resolve) => this.#socket.once('close', resolve));
    this.#socket.close();
    await within(closed, 'the end of the connection');
  }

  /** Loses the connection without a Close frame. */
  vanish() {
    this.#socket.terminate();
  }
}

export class OriginalClient extends Participant {
  id;
  room;

  constructor(id = randomUUID()) {
    super();
    this.id = id;
  }

  handlers = {
    producer: () => {},
    consumer: ({ remotePeerId, description }) => {
      if (description) this.#handshake({ type: 'consumer', remotePeerId, description: { type: 'answer', sdp: SDP } });
    },
    clientDisconnect: () => {},
  };

  /** Finds the room of a page; the path is not encoded in the query. */
  async findRoom(server, path) {
    const get = () => fetch(`${server.url}/production/getRoomId?urlPath=${path}`);
    let response = await get();
    if (response.status === 404) {
      const claim = await fetch(`${server.url}/production/claimRoom`, {
        method: 'PATCH',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ urlPath: path }),
      });
      if (!claim.ok) return null;
      response = await get();
    }
    const data = await response.json();
    this.room = data.id;
    return this.room;
  }

  async join(server) {
    await this.open(server);
    this.send('identify', { id: this.id, roomId: this.room, type: 'client' });
  }

  produce() {
    this.#handshake({ type: 'producer', description: { type: 'offer', sdp: SDP } });
    this.#handshake({ type: 'producer', candidate: CANDIDATE });
  }

  #handshake(data) {
    this.send('handshake', { ...data, sender: this.id, roomId: this.room });
  }
}

export class OriginalSfu extends Participant {
  id;
  clients = new Map();

  constructor(id = randomUUID()) {
    super();
    this.id = id;
  }

  handlers = {
    producer: ({ sender, description }) => {
      // It learns of a client by the client's first message.
      if (!this.clients.has(sender)) this.clients.set(sender, { consumers: new Set() });
      // It keeps candidates that come before the description, and ignores a second description.
      if (!description || this.clients.get(sender).description) return;
      this.clients.get(sender).description = description;
      this.#handshake(sender, { type: 'producer', description: { sdp: SDP, type: 'answer' } });
      this.#handshake(sender, { type: 'producer', candidate: CANDIDATE });
      for (const other of this.clients.keys()) {
        if (other === sender) continue;
        this.#offer(other, sender);
        this.#offer(sender, other);
      }
    },
    consumer: ({ sender, remotePeerId }) => {
      if (!this.clients.get(sender).consumers.has(remotePeerId)) throw new Error('no such consumer');
    },
    clientDisconnect: ({ clientId }) => {
      const client = this.clients.get(clientId);
      if (!client) throw new Error('closedClient is undefined');
      this.clients.delete(clientId);
    },
  };

  async serve(server) {
    await this.open(server);
    this.send('identify', { id: this.id, type: 'sfu' });
    await this.invalid.take(({ statusCode }) => statusCode === 200, 'being let in');
  }

  #offer(receiver, remotePeerId) {
    this.clients.get(receiver).consumers.add(remotePeerId);
    this.#handshake(receiver, { type: 'consumer', remotePeerId, description: { sdp: SDP, type: 'offer' } });
  }

  #handshake(receiver, data) {
    this.send('handshake', { ...data, sender: this.id, receiver });
  }
}
