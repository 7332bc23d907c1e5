// Proxy between the browsers and the server's media port, with an address of its own. Loses datagrams, or
// passes TCP only as some firewalls do.

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import net from 'node:net';
import { after } from 'node:test';

/** Addresses of the proxy and of the server; both are on this machine. */
const [PROXY, SERVER] = ['127.0.0.2', '127.0.0.1'];

/** Interval of checks for a stalled machine, and the delay that counts as a stall. */
const [TICK_MS, STALL_MS] = [20, 50];

/** Seed of the losses, so that they repeat. */
const SEED = 20_240_229;

/** Opens a proxy for the tests of one file. */
export async function openMediaProxy() {
  const proxy = new MediaProxy();
  await proxy.open();
  after(() => proxy.close());
  return proxy;
}

class MediaProxy {
  /** Share of datagrams that are lost in each direction, from 0 to 1. */
  loss = { up: 0, down: 0 };
  /** False to drop all datagrams. */
  carriesUdp = true;
  /** Counters; `stalledFor` is how long the machine was stalled, in seconds. */
  counts = { datagrams: 0, lost: 0, refused: 0, connections: 0, stalledFor: 0 };
  /** Settings of a server behind this proxy. @type {Record<string, string>} */
  settings = {};
  #port;
  #udp = createSocket('udp4');
  #tcp = net.createServer((client) => this.#carryStream(client));
  /** Sockets towards the server by client address: each client has its own. */
  #ends = new Map();
  #random = randomNumbers(SEED);
  #ticking;

  async open() {
    this.#watchForStalls();
    this.#udp.bind(0, PROXY);
    await once(this.#udp, 'listening');
    this.#port = this.#udp.address().port;
    this.#tcp.listen(this.#port, PROXY);
    await once(this.#tcp, 'listening');
    this.#udp.on('message', (datagram, from) => {
      this.#carry(datagram, this.loss.up, this.#endOf(from), this.#port, SERVER);
    });
    this.settings = { MEDIA: 'on', MEDIA_LISTEN: SERVER, MEDIA_ADVERTISE: PROXY, MEDIA_PORT: String(this.#port) };
  }

  #watchForStalls() {
    let last = performance.now();
    this.#ticking = setInterval(() => {
      const now = performance.now();
      const late = now - last - TICK_MS;
      if (late > STALL_MS) this.counts.stalledFor += late / 1_000;
      last = now;
    }, TICK_MS);
  }

  #endOf({ address, port }) {
    const person = `${address} ${port}`;
    let end = this.#ends.get(person);
    if (!end) {
      end = createSocket('udp4');
      end.on('message', (datagram) => this.#carry(datagram, this.loss.down, this.#udp, port, address));
      this.#ends.set(person, end);
    }
    return end;
  }

  #carry(datagram, loss, by, port, address) {
    if (!this.carriesUdp) {
      this.counts.refused += 1;
      return;
    }
    this.counts.datagrams += 1;
    if (this.#random() < loss) {
      this.counts.lost += 1;
      return;
    }
    by.send(datagram, port, address);
  }

  #carryStream(client) {
    this.counts.connections += 1;
    const server = net.connect(this.#port, SERVER);
    for (const [from, to] of [[client, server], [server, client]]) {
      from.setNoDelay(true);
      from.on('data', (bytes) => to.write(bytes));
      from.on('error', () => {});
      from.on('close', () => to.destroy());
    }
  }

  close() {
    clearInterval(this.#ticking);
    for (const socket of [this.#udp, ...this.#ends.values()]) socket.close();
    this.#tcp.close();
  }
}

/** Pseudo-random numbers from 0 to 1. Source: mulberry32, in the public domain. */
function randomNumbers(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
