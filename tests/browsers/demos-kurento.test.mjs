// The demo of the kurento door: several people in a room, with chat.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newAppointment } from './support/appointment.mjs';
import { expectState, expectTiles, FORWARDING, visitor } from './support/kurentoRoom.mjs';
import { each, openScene, PHONE } from './support/scene.mjs';

const scene = await openScene(FORWARDING);

async function write(page, text) {
  await page.getByLabel('Your message').fill(text);
  await page.getByRole('button', { name: 'Send' }).click();
}

const messages = (page) => page.locator('#messages p').allInnerTexts();

test('three people are in a room, chat, and one leaves', async () => {
  const room = newAppointment();
  const { page: ann } = await scene.person('Ann');
  await ann.goto('/demos/kurento');
  await ann.getByLabel('Your name').fill('Ann');
  await ann.getByLabel('Room').fill(room);
  await ann.getByRole('button', { name: 'Join' }).click();
  await expectState(ann, 'in-call');
  const bob = await visitor(scene, 'Bob_webcam é', room, { screen: PHONE });
  await write(bob, 'hello <b>');
  await ann.getByText('hello <b>').waitFor();
  const cy = await visitor(scene, 'Cy', room);
  await expectTiles(ann, 'Ann (you)', 'Bob_webcam é', 'Cy');
  await expectTiles(cy, 'Cy (you)', 'Ann', 'Bob_webcam é');
  await cy.getByText('hello <b>').waitFor();
  await write(ann, 'second');
  await each([ann, bob, cy], (page) => page.getByText('second').waitFor());
  for (const page of [ann, bob, cy]) assert.deepEqual(await messages(page), ['Bob_webcam é\nhello <b>', 'Ann\nsecond']);
  await bob.getByRole('button', { name: 'Leave' }).click();
  await expectState(bob, 'idle');
  await each([ann, cy], (page) => page.locator('figure', { hasText: 'Bob' }).waitFor({ state: 'detached' }));
});

test('a person with a taken name is told so', async () => {
  const room = newAppointment();
  const ann = await visitor(scene, 'Ann', room);
  const { page: other } = await scene.person('Ann');
  await other.goto(`/demos/kurento?${new URLSearchParams({ user: 'Ann', room })}`);
  await other.getByText(`User 'Ann' already exists in room '${room}'`).waitFor();
  await expectTiles(ann, 'Ann (you)');
});

test('seats survive a reload and a killed server', async () => {
  const room = newAppointment();
  const [ann, bob] = [await visitor(scene, 'Ann', room, { losesServer: true }), await visitor(scene, 'Bob', room, { losesServer: true })];
  await bob.reload();
  await expectState(bob, 'in-call');
  await expectTiles(bob, 'Ann', 'Bob (you)');
  await expectTiles(ann, 'Ann (you)', 'Bob');
  await scene.server.crash();
  await each([ann, bob], (page) => expectState(page, 'away'));
  await scene.server.start();
  await each([ann, bob], (page) => expectState(page, 'in-call'));
  await expectTiles(bob, 'Ann', 'Bob (you)');
  await expectTiles(ann, 'Ann (you)', 'Bob');
});

test('a person who leaves during the camera prompt is not in the room', async () => {
  const room = newAppointment();
  const ann = await visitor(scene, 'Ann', room);
  const { page: bob } = await scene.person('Bob');
  await bob.addInitScript(() => {
    const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    const answer = new Promise((resolve) => {
      window.answer = resolve;
    });
    navigator.mediaDevices.getUserMedia = async (constraints) => {
      await answer;
      window.media = await ask(constraints);
      return window.media;
    };
  });
  await bob.goto(`/demos/kurento?${new URLSearchParams({ user: 'Bob', room })}`);
  await bob.getByRole('button', { name: 'Leave' }).click();
  await expectState(bob, 'idle');
  await bob.evaluate(() => window.answer());
  await bob.waitForFunction(() => window.media?.getTracks().every((track) => track.readyState === 'ended'));
  await expectTiles(ann, 'Ann (you)');
});

test('an administrator evicts a participant and closes a room', async () => {
  const room = newAppointment();
  const [ann, bob] = [await visitor(scene, 'Ann', room), await visitor(scene, 'Bob', room)];
  const { opsUrl } = scene.server;
  const query = new URLSearchParams({ room, user: 'Bob' });
  assert.equal((await fetch(`${opsUrl}/evict?${query}`, { method: 'POST' })).status, 200);
  await bob.getByText('You were asked to leave the room.').waitFor();
  await expectTiles(ann, 'Ann (you)');
  assert.equal((await fetch(`${opsUrl}/close?${query}`, { method: 'POST' })).status, 200);
  await ann.getByText('The room was closed.').waitFor();
  await expectState(ann, 'idle');
});

test('the picture of a closed or crashed tab ends before its seat', async () => {
  for (const ends of [(page) => page.close(), (page) => void page.goto('chrome://crash').catch(() => {})]) {
    const room = newAppointment();
    const bob = await visitor(scene, 'Bob', room);
    const told = [];
    const protocol = await bob.context().newCDPSession(bob);
    await protocol.send('Network.enable');
    const hasLeft = new Promise((resolve) => {
      protocol.on('Network.webSocketFrameReceived', ({ response }) => {
        const { method } = JSON.parse(response.payloadData);
        if (/^participant/.test(method)) told.push(method);
        if (method === 'participantLeft') resolve();
      });
    });
    const ann = await visitor(scene, 'Ann', room);
    await expectTiles(bob, 'Ann', 'Bob (you)');
    await ends(ann);
    await hasLeft;
    assert.deepEqual(told.slice(-2), ['participantUnpublished', 'participantLeft']);
    await bob.close();
  }
});
