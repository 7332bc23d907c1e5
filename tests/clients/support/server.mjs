// The server under test: the real binary with its own ports and data folder.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { within } from './deadline.mjs';

const OPEN = /^ {2}open +(http:\/\/localhost:(\d+))\/.*$/m;
/** The one setting that tests take from outside: those of the mesh door run with each of its values. */
const { MESH_DIRECT_PATH } = process.env;
const FROM_OUTSIDE = MESH_DIRECT_PATH === undefined ? {} : { MESH_DIRECT_PATH };

const HEALTH = /^ {2}health +(http:\/\/127\.0\.0\.1:\d+)\/healthz/m;

/**
 * Starts a server for the tests of one file; stops it after the last one.
 *
 * @param {Record<string, string>} settings environment variables of the server
 */
export async function startServer(settings = {}) {
  const server = new Server(settings);
  await server.start();
  after(() => server.dispose());
  return server;
}

class Server {
  /** The address for clients. */
  url = '';
  /** The address for operators. */
  opsUrl = '';
  #settings;
  #dataFolder = '';
  #listen = '127.0.0.1:0';
  #child;
  #output = { stdout: '', stderr: '' };

  constructor(settings) {
    this.#settings = settings;
  }

  async start() {
    const binary = process.env.SWITCHBOARD_BIN;
    if (!binary) throw new Error('SWITCHBOARD_BIN must name the server binary');
    this.#dataFolder ||= await mkdtemp(join(tmpdir(), 'switchboard-clients-'));
    this.#output = { stdout: '', stderr: '' };
    const child = spawn(binary, [], {
      // The working directory has no `.env`.
      cwd: this.#dataFolder,
      env: {
        LISTEN: this.#listen,
        OPS_LISTEN: '127.0.0.1:0',
        MEDIA: 'off',
        DATA_DIR: join(this.#dataFolder, 'data'),
        NEW_SESSIONS_PER_ADDRESS: '0',
        EVENTS_PER_ADDRESS: '0',
        LOG_FORMAT: 'json',
        ...FROM_OUTSIDE,
        ...this.#settings,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    for (const name of ['stdout', 'stderr']) {
      child[name].setEncoding('utf8').on('data', (text) => {
        this.#output[name] += text;
      });
    }
    const { open, health } = await within(this.#greeting(), 'the greeting of the server');
    [, this.url] = open;
    [, this.opsUrl] = health;
    // The same port after a restart: clients reconnect to the same address.
    this.#listen = `127.0.0.1:${open[2]}`;
  }

  #greeting() {
    return new Promise((resolve, reject) => {
      this.#child.stdout.on('data', () => {
        const [open, health] = [OPEN, HEALTH].map((line) => line.exec(this.#output.stdout));
        if (open && health) resolve({ open, health });
      });
      this.#child.once('error', reject);
      this.#child.once('exit', (code, signal) => {
        reject(new Error(`the server ended (${code ?? signal}) before it was ready:\n${this.#output.stderr}`));
      });
    });
  }

  /** Sends SIGTERM and waits until the server has ended. */
  async stop() {
    await this.#end('SIGTERM');
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== 0) {
      throw new Error(`the server ended with ${exitCode ?? signalCode}:\n${this.#output.stderr}`);
    }
  }

  /** Kills the server, like a power cut. */
  async crash() {
    await this.#end('SIGKILL');
  }

  async #end(signal) {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill(signal);
    await within(ended, `the end of the server after ${signal}`);
  }

  /** Throws, with the server's last output, unless the server is healthy. */
  async assertHealthy() {
    const answer = await fetch(`${this.opsUrl}/healthz`).catch((error) => ({ ok: false, status: error.message }));
    if (!answer.ok) throw new Error(`the server is not well (${answer.status}):\n${this.#output.stderr}`);
    if (/panick/i.test(this.#output.stderr)) throw new Error(`something panicked:\n${this.#output.stderr}`);
  }

  async dispose() {
    try {
      await this.stop();
    } finally {
      await rm(this.#dataFolder, { recursive: true, force: true });
    }
  }
}
