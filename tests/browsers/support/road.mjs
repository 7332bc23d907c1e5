// The road between people and the forwarding unit: an address of its own, which can lose packets, or let TCP through alone
// as some firewalls do.

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import net from 'node:net';
import { after } from 'node:test';

/** Where people send their media, and where the server is. The whole network of the tests is one machine. */
const [ROAD, SERVER] = ['127.0.0.2', '127.0.0.1'];

/** How often it is looked whether anything goes on at all, and what is no coincidence. */
const [GLANCE_MS, HELD_UP_MS] = [20, 50];

/** Losses come out the same each time. */
const SEED = 20_240_229;

/** Opens a road for the tests of one file. */
export async function openRoad() {
  const road = new Road();
  await road.open();
  after(() => road.close());
  return road;
}

class Road {
  /** The share of datagrams that are lost, to the server and to people: 0 to 1. */
  loss = { up: 0, down: 0 };
  /** Whether datagrams get through at all. */
  carriesUdp = true;
  /** What has happened so far, and for how many seconds nothing could, because the machine had other things to do. */
  counts = { datagrams: 0, lost: 0, refused: 0, connections: 0, heldUpFor: 0 };
  /** The server's settings: it is at the end of this road. @type {Record<string, string>} */
  settings = {};
  #port;
  #udp = createSocket('udp4');
  #tcp = net.createServer((client) => this.#carryStream(client));
  /** By whom they are for: each person's datagrams come to the server from an address of their own. */
  #ends = new Map();
  #random = randomNumbers(SEED);
  #glances;

  async open() {
    this.#lookForDelays();
    this.#udp.bind(0, ROAD);
    await once(this.#udp, 'listening');
    this.#port = this.#udp.address().port;
    this.#tcp.listen(this.#port, ROAD);
    await once(this.#tcp, 'listening');
    this.#udp.on('message', (datagram, from) => {
      this.#carry(datagram, this.loss.up, this.#endOf(from), this.#port, SERVER);
    });
    this.settings = { MEDIA: 'on', MEDIA_LISTEN: SERVER, MEDIA_ADVERTISE: ROAD, MEDIA_PORT: String(this.#port) };
  }

  #lookForDelays() {
    let last = performance.now();
    this.#glances = setInterval(() => {
      const now = performance.now();
      const late = now - last - GLANCE_MS;
      if (late > HELD_UP_MS) this.counts.heldUpFor += late / 1_000;
      last = now;
    }, GLANCE_MS);
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
    clearInterval(this.#glances);
    for (const socket of [this.#udp, ...this.#ends.values()]) socket.close();
    this.#tcp.close();
  }
}

/** Numbers from 0 to 1 that look like chance. Source: mulberry32, in the public domain. */
function randomNumbers(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
