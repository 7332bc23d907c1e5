// What every test file plays in: a server, a browser, and the people who come to it. Whatever else a test is about, it
// fails as well if the server is not well afterwards, or if a page did something that no page of ours ever should.

import assert from 'node:assert/strict';
import { after, afterEach } from 'node:test';
import { startServer } from '../../clients/support/server.mjs';
import { launchBrowser } from './browser.mjs';
import { Conduct } from './conduct.mjs';
import { Person } from './person.mjs';
import { installProbe, unplugDevices } from './probe.mjs';

export const DESK = { viewport: { width: 1280, height: 720 } };
export const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

/**
 * Starts a server and a browser for the tests of one file, and stops both after the last of them.
 *
 * @param {Record<string, string>} [settings] environment variables of the server
 * @param {{hasScreen?: boolean}} [computer] whether a screen can be shared
 */
export async function openScene(settings, computer) {
  // The browser first: it must be closed even when the server does not stop as it should.
  const browser = await launchBrowser(computer);
  after(() => browser.close());
  const server = await startServer(settings);
  const scene = new Scene(server, browser);
  afterEach(() => scene.clear());
  return scene;
}

/** Has everybody do, or expect, the same thing at the same time. */
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
   * Somebody with a browser of their own, at no page yet.
   *
   * @param {string} name
   * @param {object} [circumstances]
   * @param {('camera' | 'microphone')[]} [circumstances.allows] the devices that they let the page use
   * @param {boolean} [circumstances.hasDevices] whether there are any
   * @param {boolean} [circumstances.onlyRelayed] whether media gets through a TURN server alone
   * @param {{url: string}} [circumstances.through] the proxy by which they reach the server
   * @param {boolean} [circumstances.losesServer] whether the network fails in this test on purpose
   * @param {import('playwright-core').BrowserContextOptions} [circumstances.screen] its size, its colours
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

  /** Ann, who came first, and Bob, talking to each other. */
  async pair(appointment, circumstances) {
    const ann = await this.person('Ann', circumstances);
    const bob = await this.person('Bob', circumstances);
    await ann.openLink(appointment);
    await ann.expectState('waiting');
    await bob.openLink(appointment);
    await each([ann, bob], (person) => person.expectState('connected'));
    return { ann, bob };
  }

  /** Sends everybody home, and looks at how they behaved and how the server is. */
  async clear() {
    const visits = this.#visits.splice(0);
    for (const { context } of visits) await context.close();
    await this.#checkServer();
    for (const { conduct } of visits) assert.deepEqual(conduct.offences, []);
  }

  /** One test's failure must not become that of the next. */
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
