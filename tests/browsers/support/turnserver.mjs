// A real TURN server, coturn, that relays within the tests' own network.
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

/** A STUN “binding” request, which whoever listens answers. */
const ARE_YOU_THERE = Buffer.from('000100002112a442737769746368626f61726421', 'hex');

/** Runs for the tests of one file, and is stopped after the last of them. */
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

  /** For the server under test: with these it hands out credentials that coturn takes. */
  get settings() {
    return { TURN_URLS: `turn:127.0.0.1:${this.#port}?transport=udp`, TURN_SECRET: SECRET };
  }

  /** From now on nothing is relayed, and nobody is told why. */
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
    // The tests have no other network. Nobody else may ever do this.
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

/** Asks until there is an answer: what is sent before somebody listens is lost. */
async function answerFrom(port) {
  const socket = createSocket('udp4');
  // Nobody listens yet.
  socket.on('error', () => {});
  const asking = setInterval(() => socket.send(ARE_YOU_THERE, port, '127.0.0.1'), 50);
  try {
    await once(socket, 'message');
  } finally {
    clearInterval(asking);
    socket.close();
  }
}
