// The original's client and SFU, as far as signaling goes, with their quirks: what they send, what they ignore, and
// what they cannot bear.

import { randomUUID } from 'node:crypto';
import WebSocket from 'ws';
import { within } from '../support/deadline.mjs';
import { Inbox } from '../support/inbox.mjs';

const SDP = 'v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n';
const CANDIDATE = { candidate: 'candidate:1 1 udp 1 192.0.2.1 9 typ host', sdpMid: '0', sdpMLineIndex: 0 };

/** What both have: a WebSocket, and one `switch` over the type of what comes. */
class Participant {
  /** What it took in. */
  taken = new Inbox();
  /** What it logged as “invalid handshake type”. */
  invalid = new Inbox();
  /** What made it throw; an unhandled rejection ends an SFU's process. */
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

  /** Goes, and waits until the server has noticed. */
  async close() {
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    const closed = new Promise((resolve) => this.#socket.once('close', resolve));
    this.#socket.close();
    await within(closed, 'the end of the connection');
  }

  /** Loses the connection without a word. */
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

  /** Finds the room of a page as it does: the path goes into the query as it is. */
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
      // It hears of a client by its first message.
      if (!this.clients.has(sender)) this.clients.set(sender, { consumers: new Set() });
      // Candidates that come before the description are kept; a second description is ignored.
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
