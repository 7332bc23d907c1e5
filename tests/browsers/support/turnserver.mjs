// A real TURN server, coturn, that relays within the tests' network.
// Source: RFC 8656 (TURN); turnserver(1)

import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { within } from '../../clients/support/deadline.mjs';

const SECRET = 'a secret that the tests share with coturn';

/** A STUN binding request, which every server answers. */
const BINDING_REQUEST = Buffer.from('000100002112a442737769746368626f61726421', 'hex');

/** Starts the server for the tests of one file, and stops it after the last test. */
export async function startTurnServer() {
  const folder = await mkdtemp(join(tmpdir(), 'switchboard-turn-'));
  const port = await freePort();
  const child = spawn('turnserver', flags(port, folder), { stdio: 'ignore' });
  const failure = once(child, 'error').then(([error]) => Promise.reject(error));
  const end = once(child, 'exit');
  after(async () => {
    child.kill('SIGKILL');
    await end;
    await rm(folder, { recursive: true, force: true });
  });
  await Promise.race([within(answerFrom(port), 'coturn'), failure]);
  return new TurnServer(port, child);
}

class TurnServer {
  #port;
  #child;

  constructor(port, child) {
    this.#port = port;
    this.#child = child;
  }

  /** Settings with which the server under test issues credentials that coturn accepts. */
  get settings() {
    return { TURN_URLS: `turn:127.0.0.1:${this.#port}?transport=udp`, TURN_SECRET: SECRET };
  }

  /** Stops relaying without an error to the clients. */
  pause() {
    this.#child.kill('SIGSTOP');
  }

  resume() {
    this.#child.kill('SIGCONT');
  }
}

function flags(port, folder) {
  return [
    '-n',
    '--listening-ip=127.0.0.1',
    '--relay-ip=127.0.0.1',
    `--listening-port=${port}`,
    '--use-auth-secret',
    `--static-auth-secret=${SECRET}`,
    '--realm=dev.local',
    '--fingerprint',
    '--no-tls',
    '--no-dtls',
    '--no-cli',
    '--no-multicast-peers',
    // Permits loopback peers: the tests have no other network. Unsafe in production.
    '--allow-loopback-peers',
    `--log-file=${join(folder, 'log')}`,
    '--simple-log',
    `--pidfile=${join(folder, 'pid')}`,
    `--userdb=${join(folder, 'users')}`,
  ];
}

async function freePort() {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}

/** Resolves with the first answer; repeats the request, since it is lost before the server listens. */
async function answerFrom(port) {
  const socket = createSocket('udp4');
  // Ignores the errors of that time.
  socket.on('error', () => {});
  const asking = setInterval(() => socket.send(BINDING_REQUEST, port, '127.0.0.1'), 50);
  try {
    await once(socket, 'message');
  } finally {
    clearInterval(asking);
    socket.close();
  }
}
