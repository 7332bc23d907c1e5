// The demo of the signals door: two browsers hold a call and recover it after every failure.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newAppointment } from './support/appointment.mjs';
import { each, openScene, PHONE } from './support/scene.mjs';

// A short seat timeout, so that tests do not wait long for a lost seat.
const scene = await openScene({ SIGNALS_SEAT_TIMEOUT: '3s' });

/** Opens a page in a browser context of its own. */
async function visitor(name, circumstances) {
  const { page, conduct } = await scene.person(name, circumstances);
  // The server's ICE servers do not matter here.
  await page.context().route('**/api/v1/ice-servers', (route) => route.fulfill({ json: { iceServers: [] } }));
  return { page, conduct };
}

const openCall = (page, call) => page.goto(`/demos/signals?${new URLSearchParams({ call })}`);

const expectState = (page, state) => page.locator(`body[data-state=${state}]`).waitFor({ state: 'attached' });

/** Waits for moving remote video on a connected connection. */
const expectToSee = (page) => page.evaluate(() => window.probe.receiveMore({ framesDecoded: 3, framesShown: 1 }));

async function pair(circumstances) {
  const call = newAppointment();
  const [{ page: ann }, { page: bob }] = [await visitor('Ann', circumstances), await visitor('Bob', circumstances)];
  await openCall(ann, call);
  await expectState(ann, 'waiting');
  await openCall(bob, call);
  await expectCall(ann, bob);
  return { ann, bob, call };
}

async function expectCall(...pages) {
  await each(pages, (page) => expectState(page, 'connected'));
  await each(pages, expectToSee);
}

test('two people in the same call see each other', async () => {
  const [{ page: ann }, { page: bob }] = [await visitor('Ann', { screen: PHONE }), await visitor('Bob')];
  for (const page of [ann, bob]) {
    await page.goto('/demos/signals/');
    await page.getByLabel('Name of the call').fill('Zoë’s 100% call?');
    await page.getByRole('button', { name: 'Take a seat' }).click();
  }
  await expectCall(ann, bob);
  await bob.goto(ann.url());
  await expectCall(ann, bob);
});

test('a reload recovers the seat and the call, for either participant', async () => {
  const { ann, bob } = await pair();
  await bob.reload();
  await expectCall(bob, ann);
  await ann.reload();
  await expectCall(ann, bob);
  await each([ann, bob], (page) => page.reload());
  await expectCall(ann, bob);
});

test('a third person is told that the call is full, and gets the seat of the first to leave', async () => {
  const { ann, bob, call } = await pair();
  const { page: cy, conduct } = await visitor('Cy');
  await openCall(cy, call);
  await expectState(cy, 'full');
  assert.match(conduct.takeViolations().join(), /^error on the console: [^,]*409 \(Conflict\)$/, 'the browser reports the refusal');
  await expectToSee(ann);
  await bob.getByRole('button', { name: 'Leave' }).click();
  await expectState(bob, 'left');
  await cy.getByRole('button', { name: 'Take a seat' }).click();
  await expectCall(ann, cy);
});

test('a duplicated tab says where the call is, and can take it back', async () => {
  const { ann, bob } = await pair();
  const opening = ann.waitForEvent('popup');
  await ann.evaluate(() => void window.open(location.href));
  const annElsewhere = await opening;
  await expectState(ann, 'replaced');
  await expectCall(annElsewhere, bob);
  await ann.getByRole('button', { name: 'Use this one instead' }).click();
  await expectState(annElsewhere, 'replaced');
  await expectCall(ann, bob);
});

test('both recover their seats and the call after the server was killed', async () => {
  const { ann, bob } = await pair({ losesServer: true });
  await scene.server.crash();
  await expectToSee(ann);
  await scene.server.start();
  const calls = (page) => page.waitForFunction(() => window.probe.calls.length > 1);
  await each([ann, bob], calls);
  await expectCall(ann, bob);
});
