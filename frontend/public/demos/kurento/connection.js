// Connection to the server: JSON-RPC 2.0 over a WebSocket, with the session resumed after a lost
// one. docs/kurento.md describes the protocol.

/** The server's address: this file is in demos/kurento/ there. */
const SERVER = new URL('../../', import.meta.url);

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 5_000;

/** Interval of pings, in milliseconds. A connection without an answer by the next one is closed. */
const PING_MS = 4_000;

/** Error code: the session has ended, by a restart of the server or a long absence. */
const NO_SUCH_SESSION = 40_007;

/** A refusal by the server, with its reason. */
export class Refused extends Error {
  constructor({ code, message }) {
    super(message);
    this.code = code;
  }
}

/** A request that was lost with its connection. */
export class Lost extends Error {}

export class Connection {
  /** A notification of the server. @type {(method: string, params: object) => void} */
  onNotification = () => {};
  /** The connection was lost; the client reconnects. */
  onAway = () => {};
  /** The connection is back, with its session or without. @type {(isSame: boolean) => void} */
  onBack = () => {};
  #socket;
  #session;
  #room = '';
  #count = 0;
  /** Pending requests by id. @type {Map<number, {resolve: Function, reject: Function}>} */
  #waiting = new Map();
  #isOver = false;

  /**
   * Opens the connection; rejects if the server is unreachable.
   *
   * @param {string} room for a load balancer, which must send all of a room's users to one server
   */
  async open(room) {
    this.#room = room;
    const url = new URL(`room?${new URLSearchParams({ room })}`, SERVER);
    const socket = new WebSocket(url.href.replace('http', 'ws'));
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onclose = () => reject(new Lost('The server cannot be reached.'));
    });
    if (this.#isOver) return socket.close();
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#take(JSON.parse(data));
    const pings = this.#ping();
    socket.onclose = () => {
      clearInterval(pings);
      for (const { reject } of this.#waiting.values()) reject(new Lost('The connection was lost.'));
      this.#waiting.clear();
      if (!this.#isOver) void this.#return();
    };
  }

  /**
   * @param {string} method
   * @param {object} params
   * @returns {Promise<object>} the result; rejects with {@link Refused} or {@link Lost}
   */
  ask(method, params = {}) {
    return new Promise((resolve, reject) => {
      if (this.#socket?.readyState !== WebSocket.OPEN)
        return reject(new Lost('There is no connection just now.'));
      this.#count += 1;
      this.#waiting.set(this.#count, { resolve, reject });
      this.#socket.send(JSON.stringify({ jsonrpc: '2.0', method, params, id: this.#count }));
    });
  }

  /** Closes this connection and opens another one without the session. */
  startOver() {
    this.#session = undefined;
    this.#socket?.close();
  }

  /** Closes the connection. */
  close() {
    this.#isOver = true;
    this.#socket?.close();
  }

  #take({ id, result, error, method, params }) {
    if (method) return this.onNotification(method, params);
    const asked = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error) return asked?.reject(new Refused(error));
    this.#session = result.sessionId ?? this.#session;
    asked?.resolve(result);
  }

  #ping() {
    let isAnswered = true;
    const ping = () => {
      if (!isAnswered) return this.#socket.close();
      isAnswered = false;
      this.ask('ping', { interval: PING_MS }).then(
        () => {
          isAnswered = true;
        },
        () => {},
      );
    };
    ping();
    return setInterval(ping, PING_MS);
  }

  async #return() {
    this.onAway();
    for (let retry = FIRST_RETRY_MS; !this.#isOver; retry = Math.min(2 * retry, LAST_RETRY_MS)) {
      const isSame = await this.#tryToReturn();
      if (isSame !== null) return this.onBack(isSame);
      await new Promise((resolve) => setTimeout(resolve, retry));
    }
  }

  /** True if the session is the same as before; `null` without a connection. */
  async #tryToReturn() {
    try {
      await this.open(this.#room);
      if (!this.#session) return false;
      await this.ask('connect', { sessionId: this.#session });
      return true;
    } catch (error) {
      return error.code === NO_SUCH_SESSION ? false : null;
    }
  }
}
