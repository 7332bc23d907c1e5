// The demo of the arbiter door with a browser tab as SFU, for two people.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEADLINE_MS } from '../clients/support/deadline.mjs';
import { each, openScene, PHONE } from './support/scene.mjs';

const SECRET = 'correct horse & battery+';
const scene = await openScene({ ARBITER_SFU_SECRET: SECRET, ARBITER_RELEASE_GRACE: '500ms' });

/** Console messages for documented answers: the room does not exist yet, or no SFU can be started. */
const DOCUMENTED = /^error on the console: Failed to load resource: .* status of (404|500) /;

/** @type {import('./support/conduct.mjs').Conduct[]} */
const conducts = [];

/** Opens the demo page. */
async function visitor(name, screen) {
  const { page, conduct } = await scene.person(name, screen && { screen });
  conducts.push(conduct);
  await page.goto('/demos/arbiter', { waitUntil: 'domcontentloaded' });
  return page;
}

async function becomeSfu(secret = SECRET) {
  const page = await visitor('SFU');
  await page.getByLabel('secret').fill(secret);
  await page.getByRole('button', { name: 'Make this tab the SFU' }).click();
  return page;
}

async function join(page, path) {
  await page.getByLabel('Your name').fill('Somebody');
  await page.getByLabel('Which call').fill(path);
  await page.getByRole('button', { name: 'Join the call' }).click();
}

function forgiveDocumentedAnswers() {
  for (const conduct of conducts.splice(0)) {
    conduct.violations.push(...conduct.takeViolations().filter((offence) => !DOCUMENTED.test(offence)));
  }
}

function expectState(page, state) {
  return page.locator(`#status[data-state=${state}]`).waitFor({ timeout: DEADLINE_MS });
}

function expectTiles(page, count) {
  const isSo = (wanted) => document.querySelectorAll('#tiles figure').length === wanted;
  return page.waitForFunction(isSo, count, { timeout: DEADLINE_MS });
}

/** Waits for continuing video. */
async function expectToSee(page) {
  const framesDecoded = () =>
    page.evaluate(async () => {
      const stats = await Promise.all(window.probe.calls.map((call) => call.getStats()));
      const reports = stats.flatMap((report) => [...report.values()]);
      return reports.reduce((sum, { type, framesDecoded = 0 }) => sum + (type === 'inbound-rtp' ? framesDecoded : 0), 0);
    });
  for (let seen = 0, more = 0; more < 2; more += 1) {
    const before = seen;
    const deadline = Date.now() + DEADLINE_MS;
    while (seen <= before && Date.now() < deadline) seen = await framesDecoded();
    assert.ok(seen > before, 'no frame was decoded');
  }
}

test('two people see each other through the tab that is their SFU', async () => {
  const sfu = await becomeSfu();
  await expectState(sfu, 'serving');
  const [ann, bob] = [await visitor('Ann'), await visitor('Bob', PHONE)];
  await join(ann, '/ward/3');
  await expectState(ann, 'in-call');
  await join(bob, 'ward/3');
  await each([ann, bob], (page) => expectState(page, 'in-call'));
  await each([ann, bob], (page) => expectTiles(page, 2));
  await each([ann, bob], expectToSee);
  assert.match(await sfu.locator('#status').innerText(), /2 people/);

  // A third person joins late and receives both; all of them miss a person who leaves.
  const cy = await visitor('Cy');
  await join(cy, '/ward/3');
  await each([ann, bob, cy], (page) => expectTiles(page, 3));
  await expectToSee(cy);
  await bob.getByRole('button', { name: 'Leave' }).click();
  await each([ann, cy], (page) => expectTiles(page, 2));

  // Reloading leaves the room and joins it again.
  await ann.reload({ waitUntil: 'domcontentloaded' });
  await expectState(ann, 'in-call');
  await each([ann, cy], (page) => expectTiles(page, 2));
  await each([ann, cy], expectToSee);

  await sfu.getByRole('button', { name: 'Leave' }).click();
  await each([ann, cy], (page) => expectState(page, 'idle'));
  assert.match(await ann.locator('#status').innerText(), /SFU has gone/);
  forgiveDocumentedAnswers();
});

test('a page without an SFU, and a tab that is none, show it', async () => {
  const impostor = await becomeSfu('guessed');
  await expectState(impostor, 'idle');
  assert.match(await impostor.locator('#status').innerText(), /secret/);
  const ann = await visitor('Ann');
  await join(ann, '/ward/4');
  await expectState(ann, 'idle');
  await ann.getByText('There is no SFU that is free').waitFor();
  forgiveDocumentedAnswers();
});

test('a person whose SFU is not there any more is told so', async () => {
  const ann = await visitor('Ann');
  await ann.route('**/getRoomId*', (route) => route.fulfill({ json: { roomId: 'dead' } }));
  await join(ann, '/ward/5');
  await ann.getByText('The SFU has gone, and the call is over. You can join again.').waitFor();
  await expectState(ann, 'idle');
  forgiveDocumentedAnswers();
});
