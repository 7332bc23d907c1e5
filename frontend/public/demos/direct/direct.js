// A client of the direct door, for use in other pages: a name, a connection, and messages to names.
// docs/direct.md describes the protocol.

/** The server's address: this file is in demos/direct/ there. */
const SERVER = new URL('../../', import.meta.url);

/** Delays before reconnecting, in milliseconds: the first one doubles up to the last. */
const RETRY_MS = { first: 500, last: 15_000 };

/** Close code of a connection that a newer one of the same user replaced; it stays closed. */
const REPLACED = 4001;

/** Type of the message that this client sends to itself. */
const HELLO = 'hello';

/** The registered name, from a cookie that the server leaves readable. */
export function ownName() {
  const cookie = document.cookie.split('; ').find((pair) => pair.startsWith('user_username='));
  return cookie && decodeURIComponent(cookie.slice('user_username='.length));
}

/** Resolves to `{status, message}`; the status is SUCCESS, TAKEN, INVALID or a server error. */
export async function register(username) {
  const response = await fetch(new URL('v1/register', SERVER), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ username }),
  });
  return response.json();
}

/** The connection of this browser's user, which reconnects when it is lost. */
export class Connection {
  #socket;
  #retryMs = RETRY_MS.first;
  #timer;
  #on;
  /** True while others can reach this user. */
  #isConnected = false;
  /** Messages that wait for the connection. */
  #waiting = [];

  /**
   * @param {object} on callbacks
   * @param {(message: {originator?: string, target: string, type: string, payload: any}) => void}
   * on.message a message from another user or, without an originator, from the server
   * @param {() => void} on.connected others can reach this user
   * @param {() => void} on.lost they cannot; the client reconnects
   * @param {() => void} on.replaced the same user has connected elsewhere
   * @param {() => void} on.stranger this browser has no name, or cannot prove it
   */
  constructor(on) {
    this.#on = on;
  }

  open() {
    this.close();
    const url = new URL('v1/connect', SERVER);
    url.protocol = url.protocol.replace('http', 'ws');
    const socket = new WebSocket(url);
    this.#socket = socket;
    // The echo of the client's own message proves that the server accepted it.
    socket.onopen = () => socket.send(JSON.stringify({ target: ownName(), type: HELLO }));
    socket.onmessage = ({ data }) => this.#receive(JSON.parse(data));
    socket.onclose = ({ code, reason }) => {
      if (socket === this.#socket) this.#onClose(code, reason);
    };
  }

  close() {
    clearTimeout(this.#timer);
    this.#isConnected = false;
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close(1000);
  }

  /** Sends any JSON to a user by name; while the connection is lost, after it is back. */
  send(target, type, payload = null) {
    const message = JSON.stringify({ target, type, payload });
    if (this.#isConnected) this.#socket.send(message);
    else this.#waiting.push(message);
  }

  #receive(message) {
    if (message.type !== HELLO || message.originator !== ownName()) {
      this.#on.message(message);
      return;
    }
    this.#isConnected = true;
    this.#retryMs = RETRY_MS.first;
    for (const waiting of this.#waiting.splice(0)) this.#socket.send(waiting);
    this.#on.connected();
  }

  #onClose(code, reason) {
    this.#isConnected = false;
    if (code === REPLACED) return this.#on.replaced();
    if (reason === 'UNAUTHENTICATED') return this.#on.stranger();
    this.#timer = setTimeout(() => this.open(), this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MS.last);
    this.#on.lost();
  }
}
