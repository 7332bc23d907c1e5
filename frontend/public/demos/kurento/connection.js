// The way to the server: JSON-RPC 2.0 over a WebSocket, and the way back to the session after it was lost. The wire
// contract is docs/kurento.md.

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 5_000;

/** How often a sign of life is asked for; without one by the next time the connection is taken for dead. */
const PING_MS = 4_000;

/** The session is over: the server was restarted, or this was away for too long. */
const NO_SUCH_SESSION = 40_007;

/** Why the server did not do what it was asked for. */
export class Refused extends Error {
  constructor({ code, message }) {
    super(message);
    this.code = code;
  }
}

/** What was asked for was lost together with the connection. */
export class Lost extends Error {}

export class Connection {
  /** The server says something by itself. @type {(method: string, params: object) => void} */
  onNotification = () => {};
  /** The connection was lost, and is being made anew. */
  onAway = () => {};
  /** It is there again: with the session that it had, or without. @type {(isSame: boolean) => void} */
  onBack = () => {};
  #socket;
  #session;
  #room = '';
  #count = 0;
  /** What was asked and is not answered yet, by its id. @type {Map<number, {resolve: Function, reject: Function}>} */
  #waiting = new Map();
  #isOver = false;

  /**
   * Resolves when it is open; rejects if the server cannot be reached.
   *
   * @param {string} room for a balancer: all of a room's users must come to the same server
   */
  async open(room) {
    this.#room = room;
    const query = new URLSearchParams({ room });
    const socket = new WebSocket(`${location.origin.replace('http', 'ws')}/room?${query}`);
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

  /** Ends this one, and comes back over another without the session. */
  startOver() {
    this.#session = undefined;
    this.#socket?.close();
  }

  /** Ends it for good. */
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

  /** Whether the session is the same as before; `null` if there is no connection yet. */
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
