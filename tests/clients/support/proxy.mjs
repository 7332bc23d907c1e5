// A network that can fail: a TCP proxy between a client and the server.

import { once } from 'node:events';
import net from 'node:net';
import { after } from 'node:test';

/**
 * Starts a proxy to `server`; stops it after the current test or file.
 *
 * @param {{url: string}} server
 */
export async function startProxy(server) {
  const proxy = new Proxy(Number(new URL(server.url).port));
  await proxy.start();
  after(() => proxy.stop());
  return proxy;
}

class Proxy {
  /** The address for clients. */
  url = '';
  #port;
  #broken = false;
  #silent = false;
  #swallowsWebSockets = false;
  /** @type {Set<net.Socket>} */
  #sockets = new Set();
  #listener = net.createServer((client) => this.#carry(client));

  constructor(port) {
    this.#port = port;
  }

  async start() {
    this.#listener.listen(0, '127.0.0.1');
    await once(this.#listener, 'listening');
    this.url = `http://localhost:${this.#listener.address().port}`;
  }

  #carry(client) {
    if (this.#broken) {
      client.destroy();
      return;
    }
    const server = net.connect(this.#port, '127.0.0.1');
    /** True when this connection is a WebSocket whose frames are dropped. */
    let swallows = false;
    for (const [from, to] of [[client, server], [server, client]]) {
      this.#sockets.add(from);
      from.setNoDelay(true);
      from.on('data', (bytes) => {
        if (!this.#silent && !swallows) to.write(bytes);
        if (this.#swallowsWebSockets && from === server && bytes.includes('HTTP/1.1 101 ')) swallows = true;
      });
      from.on('error', () => {});
      from.on('close', () => {
        this.#sockets.delete(from);
        if (!this.#silent) to.destroy();
      });
    }
  }

  /** Cuts all connections, and new ones at once. */
  break() {
    this.#broken = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Silently drops all data in both directions. */
  fallSilent() {
    this.#silent = true;
  }

  /** Passes the handshake of a WebSocket and drops its frames, as some office proxies do. */
  swallowWebSockets() {
    this.#swallowsWebSockets = true;
  }

  /** Accepts new connections again. */
  repair() {
    for (const socket of this.#sockets) socket.destroy();
    this.#silent = false;
    this.#broken = false;
  }

  stop() {
    this.break();
    this.#listener.close();
  }
}
