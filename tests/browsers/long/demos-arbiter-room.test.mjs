// The demo of the arbiter door with the server as SFU, for two and for four people.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEADLINE_MS } from '../../clients/support/deadline.mjs';
import { newAppointment } from '../support/appointment.mjs';
import { each, openScene, PHONE } from '../support/scene.mjs';

const scene = await openScene({ MEDIA: 'on', MEDIA_LISTEN: '127.0.0.1', MEDIA_PORT: '0' });

/** Console message for a documented answer: the room does not exist yet. */
const NO_ROOM_YET = /^error on the console: Failed to load resource: .* status of 404 /;

/** Opens a call at the demo page in a browser context of its own. */
async function visitor(name, path, circumstances) {
  const { page, conduct } = await scene.person(name, circumstances);
  await page.goto(`/demos/arbiter?${new URLSearchParams({ name, path })}`);
  await expectState(page, 'in-call');
  conduct.violations.push(...conduct.takeViolations().filter((offence) => !NO_ROOM_YET.test(offence)));
  return page;
}

function expectState(page, state) {
  return page.locator(`#status[data-state=${state}]`).waitFor({ timeout: DEADLINE_MS });
}

/** Waits for exactly these people, in any order. */
function expectTiles(page, ...names) {
  const areThere = (wanted) => {
    const shown = [...document.querySelectorAll('#tiles bdi')].map((label) => label.textContent);
    return JSON.stringify(shown.sort()) === JSON.stringify(wanted);
  };
  return page.waitForFunction(areThere, names.sort(), { timeout: DEADLINE_MS });
}

/** Frames decoded and bytes of audio received on each receiving connection. */
function received(page) {
  return page.evaluate(async () => {
    const open = window.probe.calls.filter(({ connectionState }) => connectionState === 'connected');
    const stats = await Promise.all(open.map((call) => call.getStats()));
    const inbound = stats.map((report) => [...report.values()].filter(({ type }) => type === 'inbound-rtp'));
    const sum = (reports, field) => reports.reduce((total, report) => total + (report[field] ?? 0), 0);
    const figures = inbound.filter((reports) => reports.length > 0);
    return figures.map((reports) => [sum(reports, 'framesDecoded'), sum(reports, 'totalAudioEnergy')]);
  });
}

/** Waits for continuing video and audio from each of `count` others. */
async function expectToSeeAndHear(page, others) {
  const deadline = Date.now() + DEADLINE_MS;
  let before = [];
  const hasGrown = (now) =>
    now.length === others && now.every((figures, which) => figures.every((figure, kind) => figure > (before[which]?.[kind] ?? 0)));
  for (let more = 0; more < 2; more += 1) {
    let now = await received(page);
    while (!hasGrown(now)) {
      assert.ok(Date.now() < deadline, `received ${JSON.stringify(now)} after ${JSON.stringify(before)}`);
      now = await received(page);
    }
    before = now;
  }
}

async function write(page, text) {
  await page.getByLabel('Your message').fill(text);
  await page.getByRole('button', { name: 'Send', exact: true }).click();
}

const messages = (page) => page.locator('#messages p').allInnerTexts();

/** State that a person's tile shows. */
const expectWords = (page, name, words) =>
  page.locator('figcaption', { hasText: name }).getByText(words).waitFor({ timeout: DEADLINE_MS });

/** Waits until the server forwards to no endpoint. */
async function expectNothingLeft() {
  const deadline = Date.now() + DEADLINE_MS;
  const endpoints = async () => {
    const metrics = await (await fetch(`${scene.server.opsUrl}/metrics`)).text();
    return [...metrics.matchAll(/^switchboard_media_endpoints\{.*\} (\d+)$/gm)].map(([, count]) => Number(count));
  };
  let left = await endpoints();
  while (left.length === 0 || left.some((count) => count > 0)) {
    assert.ok(Date.now() < deadline, `${left} endpoints are left`);
    left = await endpoints();
  }
}

test('two people call, chat, stop and resume sending, and one tab crashes', async () => {
  const path = `/${newAppointment()}`;
  const ann = await visitor('Ann', path);
  const bob = await visitor('Bob é', path, { screen: PHONE });
  await expectTiles(ann, 'Ann (you)', 'Bob é');
  await expectTiles(bob, 'Bob é (you)', 'Ann');
  await each([ann, bob], (page) => expectToSeeAndHear(page, 1));

  await write(ann, 'hello <b>');
  await bob.getByText('hello <b>').waitFor();
  await write(bob, 'second');
  await ann.getByText('second').waitFor();
  for (const page of [ann, bob]) assert.deepEqual(await messages(page), ['Ann\nhello <b>', 'Bob é\nsecond']);

  await ann.getByRole('button', { name: 'Mute' }).click();
  await expectWords(bob, 'Ann', 'muted');
  await ann.getByRole('button', { name: 'Mute' }).click();
  await ann.getByRole('button', { name: 'Stop sending' }).click();
  await expectWords(bob, 'Ann', 'muted, no picture');
  const offers = await ann.evaluate(() => window.probe.offers);
  await ann.getByRole('button', { name: 'Stop sending' }).click();
  await expectToSeeAndHear(bob, 1);
  assert.equal(await ann.evaluate(() => window.probe.offers), offers + 1, 'by one more offer of hers');
  await expectToSeeAndHear(ann, 1);

  // A lost connection is replaced, and the others continue on theirs.
  const connections = await bob.evaluate(() => window.probe.calls.length);
  await ann.evaluate(() => {
    const [producer] = window.probe.calls;
    Object.defineProperty(producer, 'connectionState', { value: 'failed' });
    producer.dispatchEvent(new Event('connectionstatechange'));
  });
  await ann.waitForFunction(() => window.probe.calls.length === 3, null, { timeout: DEADLINE_MS });
  await expectToSeeAndHear(bob, 1);
  assert.equal(await bob.evaluate(() => window.probe.calls.length), connections, 'on the existing connection');
  await write(ann, 'third');
  await bob.getByText('third').waitFor();

  await bob.goto('chrome://crash').catch(() => {});
  await expectTiles(ann, 'Ann (you)');
  await ann.getByRole('button', { name: 'Leave' }).click();
  await expectState(ann, 'idle');
  await expectNothingLeft();
});

test('four people see and hear each other, also after a reload', async () => {
  const path = `/${newAppointment()}`;
  const names = ['Ann', 'Bob', 'Cy', 'Dee'];
  const pages = [];
  for (const name of names) pages.push(await visitor(name, path));
  const expectAll = (page, which) => {
    const others = names.filter((_, other) => other !== which);
    return expectTiles(page, `${names[which]} (you)`, ...others);
  };
  await each(pages, expectAll);
  await each(pages, (page) => expectToSeeAndHear(page, 3));
  await write(pages[3], 'hello');
  await each(pages, (page) => page.getByText('hello').waitFor());

  await pages[0].getByRole('button', { name: 'Camera off' }).click();
  await expectWords(pages[1], 'Ann', 'no picture');
  await pages[1].reload();
  await expectState(pages[1], 'in-call');
  await each(pages, expectAll);
  // A participant who joins later learns the state without a new announcement.
  await expectWords(pages[1], 'Ann', 'no picture');
  await pages[0].getByRole('button', { name: 'Camera off' }).click();
  await each(pages, (page) => expectToSeeAndHear(page, 3));

  await pages[0].getByRole('button', { name: 'Leave' }).click();
  await expectTiles(pages[2], 'Cy (you)', 'Bob', 'Dee');
  await each(pages.slice(1), (page) => expectToSeeAndHear(page, 2));
});

test('a person without devices sees, hears and chats', async () => {
  const path = `/${newAppointment()}`;
  const ann = await visitor('Ann', path, { hasDevices: false });
  const bob = await visitor('Bob', path);
  await expectTiles(bob, 'Bob (you)', 'Ann');
  await expectWords(bob, 'Ann', 'muted, no picture');
  await expectToSeeAndHear(ann, 1);
  await write(ann, 'I see you');
  await bob.getByText('I see you').waitFor();
});
