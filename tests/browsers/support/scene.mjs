// Environment of every test file: a server, a browser, and the people who use it. Each test also fails if the
// server is unhealthy afterwards, or if a page violated `Conduct`.

import assert from 'node:assert/strict';
import { after, afterEach } from 'node:test';
import { startServer } from '../../clients/support/server.mjs';
import { launchBrowser } from './browser.mjs';
import { Conduct } from './conduct.mjs';
import { Person } from './person/person.mjs';
import { installProbe, unplugDevices } from './probe.mjs';

export const DESK = { viewport: { width: 1280, height: 720 } };
export const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

/**
 * Starts a server and a browser for the tests of one file, and stops both after the last test.
 *
 * @param {Record<string, string>} [settings] environment variables of the server
 * @param {{hasScreen?: boolean}} [computer] whether a screen can be shared
 */
export async function openScene(settings, computer) {
  // Registered first, so that the browser closes even if the server does not stop.
  const browser = await launchBrowser(computer);
  after(() => browser.close());
  const server = await startServer(settings);
  const scene = new Scene(server, browser);
  afterEach(() => scene.clear());
  return scene;
}

/** Runs an action for all people at the same time. */
export function each(people, action) {
  return Promise.all(people.map(action));
}

class Scene {
  server;
  #browser;
  /** @type {{context: import('playwright-core').BrowserContext, conduct: Conduct}[]} */
  #visits = [];

  constructor(server, browser) {
    this.server = server;
    this.#browser = browser;
  }

  /**
   * Creates a person in a new browser context, at no page yet.
   *
   * @param {string} name
   * @param {object} [circumstances]
   * @param {('camera' | 'microphone')[]} [circumstances.allows] permitted devices
   * @param {boolean} [circumstances.hasDevices] whether there are devices
   * @param {boolean} [circumstances.onlyRelayed] whether media passes only through a TURN server
   * @param {{url: string}} [circumstances.through] the proxy in front of the server
   * @param {boolean} [circumstances.losesServer] whether the test makes the server unreachable
   * @param {import('playwright-core').BrowserContextOptions} [circumstances.screen] size and colours
   */
  async person(name, circumstances = {}) {
    const { allows = ['camera', 'microphone'], hasDevices = true, onlyRelayed = false } = circumstances;
    const { losesServer = false, screen = DESK, through = this.server } = circumstances;
    const context = await this.#browser.newContext({ baseURL: through.url, permissions: allows, ...screen });
    await context.addInitScript(installProbe, { onlyRelayed });
    if (!hasDevices) await context.addInitScript(unplugDevices);
    const conduct = new Conduct(context, { server: through, losesServer });
    this.#visits.push({ context, conduct });
    return new Person(name, await context.newPage(), conduct);
  }

  /** Connects Ann, who joins first, and Bob. */
  async pair(appointment, circumstances) {
    const ann = await this.person('Ann', circumstances);
    const bob = await this.person('Bob', circumstances);
    await ann.openLink(appointment);
    await ann.call.expectState('waiting');
    await bob.openLink(appointment);
    await each([ann, bob], (person) => person.call.expectState('connected'));
    return { ann, bob };
  }

  /** Closes all contexts, and checks the server and the violations. */
  async clear() {
    const visits = this.#visits.splice(0);
    for (const { context } of visits) await context.close();
    await this.#checkServer();
    for (const { conduct } of visits) assert.deepEqual(conduct.violations, []);
  }

  /** Restarts an unhealthy server, so that only one test fails for it. */
  async #checkServer() {
    try {
      await this.server.assertHealthy();
    } catch (error) {
      await this.server.crash();
      await this.server.start();
      throw error;
    }
  }
}
