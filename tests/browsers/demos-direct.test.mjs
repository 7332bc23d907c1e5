// The demo of the direct door: two people register names, call each other by them, and talk.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { within } from '../clients/support/deadline.mjs';
import { each, openScene, PHONE } from './support/scene.mjs';

const scene = await openScene({ DIRECT_NAMES_PER_ADDRESS: '0' });

/** Opens the demo page with a unique name. */
async function caller(name, circumstances) {
  const { page, conduct } = await scene.person(name, circumstances);
  // No STUN server outside of this machine.
  await page.route('**/api/v1/ice-servers', (route) => route.fulfill({ json: { iceServers: [] } }));
  await page.addInitScript(keepSockets);
  await page.goto('/demos/direct', { waitUntil: 'domcontentloaded' });
  return new Caller(page, conduct);
}

/** Records the page's WebSockets in `window.connections`. Serialised into the browser. */
function keepSockets() {
  window.connections = [];
  window.WebSocket = class extends WebSocket {
    constructor(address) {
      super(address);
      window.connections.push(this);
    }
  };
}

let count = 0;

async function registered(name, circumstances) {
  const person = await caller(name, circumstances);
  count += 1;
  person.name = `${name} ${count}`;
  await person.register(person.name);
  await person.sees('dial');
  return person;
}

class Caller {
  name;

  constructor(page, conduct) {
    this.page = page;
    this.conduct = conduct;
  }

  async register(name) {
    await this.page.fill('#name', name);
    await this.page.click('#register button[type=submit]');
  }

  async dial(name) {
    await this.page.fill('#target', name);
    await this.page.click('#dial button[type=submit]');
  }

  press(id) {
    return this.page.click(`#${id}`);
  }

  sees(id) {
    return this.page.waitForSelector(`#${id}`, { state: 'visible' });
  }

  reads(words) {
    const isThere = (part) => document.querySelector('#notice').innerText.includes(part);
    return this.page.waitForFunction(isThere, words, { polling: 50 });
  }

  /** Waits for two increases: the first could be the end of a flow that has stopped. */
  async seesAndHears() {
    for (const more of ['more', 'still more']) {
      const figures = { framesDecoded: 1, framesShown: 1, bytesHeard: 1 };
      const receiving = this.page.evaluate((amounts) => window.probe.receiveMore(amounts), figures);
      await within(receiving, `${more} to come to ${this.name}`);
    }
  }

  devicesInUse() {
    return this.page.evaluate(() => window.probe.tracks.filter(({ readyState }) => readyState === 'live').length);
  }
}

test('two people call by name, see and hear each other, and hang up', async () => {
  const ann = await registered('Ann');
  const bob = await registered('Bob Müller', { screen: PHONE });
  assert.equal(await bob.page.innerText('#own-name'), bob.name);

  await ann.dial(` ${bob.name} `);
  await bob.sees('ringing');
  assert.equal(await bob.page.innerText('#caller'), ann.name);
  assert.equal(await bob.devicesInUse(), 0, 'no device is in use before the answer');
  await bob.press('answer');
  await ann.reads(`You are talking to ${bob.name}.`);
  await each([ann, bob], (person) => person.seesAndHears());

  await bob.press('hang-up');
  await ann.reads(`${bob.name} has hung up.`);
  await each([ann, bob], (person) => person.sees('dial'));
  assert.deepEqual(await Promise.all([ann.devicesInUse(), bob.devicesInUse()]), [0, 0]);
});

test('an absent callee and a taken name are reported in words', async () => {
  const ann = await registered('Ann');
  await ann.dial('nobody <b>');
  await ann.reads('“nobody <b>” is not here at the moment.');
  await ann.sees('dial');
  await ann.dial(ann.name);
  await ann.reads('That is your own name.');

  const eve = await caller('Eve');
  await eve.register(ann.name);
  await eve.reads('Another person has this name.');
  await eve.register('a;b');
  await eve.reads('This does not work: username holds a character that is not allowed.');
  assert.equal(eve.conduct.takeViolations().length, 1, 'the browser reports the 400');
});

test('two people who call each other at the same time are connected', async () => {
  const [ann, bob] = [await registered('Ann'), await registered('Bob')];
  await Promise.all([ann.page.fill('#target', bob.name), bob.page.fill('#target', ann.name)]);
  await each([ann, bob], ({ page }) => page.evaluate(() => document.getElementById('dial').requestSubmit()));
  await each([ann, bob], (person) => person.seesAndHears());
});

test('a call can be declined, and a person in a call is busy', async () => {
  const [ann, bob, cy] = [await registered('Ann'), await registered('Bob'), await registered('Cy')];
  await ann.dial(bob.name);
  await bob.sees('ringing');
  await bob.press('decline');
  await ann.reads('has hung up.');

  await ann.dial(bob.name);
  await bob.sees('ringing');
  await bob.press('answer');
  await each([ann, bob], (person) => person.seesAndHears());
  await cy.dial(ann.name);
  await cy.reads(`${ann.name} is in another call.`);
  await each([ann, bob], (person) => person.seesAndHears());
});

test('a person without a camera sees and hears the other one', async () => {
  const ann = await registered('Ann', { hasDevices: false });
  const bob = await registered('Bob');
  await ann.dial(bob.name);
  await bob.sees('ringing');
  await bob.press('answer');
  await ann.seesAndHears();
});

test('a second window takes the name over, and the first one can take it back', async () => {
  const ann = await registered('Ann');
  const bob = await registered('Bob');
  const second = new Caller(await ann.page.context().newPage());
  await second.page.goto('/demos/direct', { waitUntil: 'domcontentloaded' });
  await second.sees('dial');
  await ann.sees('elsewhere');
  await bob.dial(ann.name);
  await second.sees('ringing');
  await second.press('decline');
  await ann.press('return');
  await ann.sees('dial');
  await second.sees('elsewhere');
});

test('people reconnect after a server restart, and their call continues', async () => {
  const [ann, bob] = [await registered('Ann'), await registered('Bob')];
  await ann.dial(bob.name);
  await bob.sees('ringing');
  await bob.press('answer');
  await each([ann, bob], (person) => person.seesAndHears());
  const kicked = await fetch(new URL('/v1/kick-active-users', scene.server.url));
  assert.equal(kicked.status, 200);
  await connected(2);
  await each([ann, bob], (person) => person.seesAndHears());
  await bob.press('hang-up');
  await ann.reads(`${bob.name} has hung up.`);
  await ann.dial(bob.name);
  await bob.sees('ringing');
});

test('a call begun while the connection is lost is placed after the reconnection', async () => {
  const [ann, bob] = [await registered('Ann'), await registered('Bob')];
  await ann.page.evaluate(() => window.connections.at(-1).close());
  await ann.dial(bob.name);
  await bob.sees('ringing');
});

/** Waits until `count` people are registered. */
async function connected(users) {
  const isThere = async () => {
    const metrics = await (await fetch(`${scene.server.opsUrl}/metrics`)).text();
    return metrics.includes(`switchboard_participants_connected ${users}\n`);
  };
  const waiting = (async () => {
    while (!(await isThere()));
  })();
  await within(waiting, `${users} connected users`);
}
