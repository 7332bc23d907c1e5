// Connection to the server: rooms over HTTP, everything else over one WebSocket.

/** The server's address: this file is in demos/arbiter/ there. */
const SERVER = new URL('../../', import.meta.url);

/**
 * Finds the room of a page, and claims it if it has none.
 *
 * @param {string} path of the page
 * @returns {Promise<string | null>} room id; `null` if there is no SFU and none can be started
 */
export async function findRoom(path) {
  return (
    (await getRoom(path)) ??
    (await claimRoom(path)) ??
    ((await createRoom()) ? claimRoom(path) : null)
  );
}

async function getRoom(path) {
  return roomOf(await fetch(new URL(`getRoomId?urlPath=${encodeURIComponent(path)}`, SERVER)));
}

async function claimRoom(path) {
  const headers = { 'content-type': 'application/json' };
  return roomOf(
    await fetch(new URL('claimRoom', SERVER), {
      method: 'PATCH',
      headers,
      body: JSON.stringify({ urlPath: path }),
    }),
  );
}

async function createRoom() {
  return (await fetch(new URL('createRoom', SERVER), { method: 'PUT' })).ok;
}

async function roomOf(response) {
  if (response.status === 404) return null;
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.message);
  return answer.roomId;
}

/** A refusal by the server, with its reason. */
export class Refused extends Error {
  constructor({ statusCode = 403, message }) {
    super(message);
    this.statusCode = statusCode;
  }
}

/** A WebSocket on which the server answers every frame, in order, with a frame without a `type`. */
export class Gateway {
  /** A message of another client, or its departure. @type {(message: object) => void} */
  onMessage = () => {};
  /** The connection was lost, not closed by this side. */
  onLost = () => {};
  #socket;
  #waiting = [];

  /** @param {{secret?: string}} [proof] of an SFU, where the server requires one */
  static async open({ secret } = {}) {
    const address = new URL('arbiter', SERVER);
    address.protocol = address.protocol.replace('http', 'ws');
    if (secret) address.searchParams.set('sfuSecret', secret);
    const socket = new WebSocket(address.href.replaceAll('+', '%20'));
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = () => reject(new Error('The server cannot be reached'));
    });
    return new Gateway(socket);
  }

  constructor(socket) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#take(JSON.parse(data));
    socket.onclose = () => {
      this.#end();
      this.onLost();
    };
  }

  /**
   * @param {'identify' | 'handshake'} action
   * @param {object} data
   * @returns {Promise<void>} resolves when the server has done it; rejects with {@link Refused}
   */
  send(action, data) {
    return new Promise((resolve, reject) => {
      if (this.#socket.readyState !== WebSocket.OPEN)
        return reject(new Error('The connection is over'));
      this.#waiting.push({ resolve, reject });
      this.#socket.send(JSON.stringify({ action, data }));
    });
  }

  close() {
    this.onMessage = () => {};
    this.onLost = () => {};
    this.#socket.close();
  }

  #take(message) {
    if (message.type) return this.onMessage(message);
    const { resolve, reject } = this.#waiting.shift();
    if (message.statusCode === 200) resolve();
    else reject(new Refused(message));
  }

  #end() {
    for (const { reject } of this.#waiting.splice(0)) reject(new Error('The connection is over'));
  }
}
