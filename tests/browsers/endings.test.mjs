// The screens in place of a call: their reasons, and the actions they offer.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newAppointment } from './support/appointment.mjs';
import { roomIsLoaded } from './support/loading.mjs';
import { openScene } from './support/scene.mjs';

const scene = await openScene();

const heading = ({ page }) => page.locator('h1').innerText();
const hasFocus = ({ page }) => page.evaluate(() => document.activeElement === document.querySelector('h1'));

test('a person who leaves sees the length of the visit and can save the chat', async () => {
  const appointment = newAppointment();
  const { ann, bob } = await scene.pair(appointment);
  await ann.chat.send('See you next week.\nBob: this is still Ann.');
  await bob.chat.send('See you!');
  await ann.chat.expectMessage('See you!');
  await ann.call.leave();
  await ann.expectEnding('left');
  assert.equal(await hasFocus(ann), true);
  assert.match(await ann.page.locator('main').innerText(), /Your visit lasted \d+ seconds?\./);

  const { name, text } = await ann.chat.saveTranscript();
  assert.equal(name, `chat-${appointment}.txt`);
  const lines = text.split('\n');
  assert.equal(lines[0], `Chat of appointment ${appointment}`);
  assert.match(lines[3], /^\[.+\] Ann: See you next week\.$/);
  assert.equal(lines[4], '    Bob: this is still Ann.');
  assert.match(lines[5], /^\[.+\] Bob: See you!$/);
});

test('a third person is told that the appointment is full', async () => {
  const appointment = newAppointment();
  await scene.pair(appointment);
  const eve = await scene.person('Eve');
  await eve.openLink(appointment);
  await eve.expectEnding('full');
  assert.equal(await hasFocus(eve), true);
});

test('a person without a server gets advice, and joins as soon as it is reachable', async () => {
  const ann = await scene.person('Ann', { losesServer: true });
  await ann.openPreJoin(newAppointment());
  await roomIsLoaded(ann.page);
  await scene.server.crash();
  await ann.enter();
  await ann.expectEnding('unreachable');
  assert.equal(await heading(ann), 'We cannot reach the server');
  await ann.page.getByText(/We try again in \d+ seconds?/).waitFor();

  await scene.server.start();
  await ann.page.getByTestId('unreachable').click();
  await ann.call.expectState('waiting');
});

for (const path of ['/room/a%2Fb', '/room/a/b', '/room/%E2%80%AE', '/room/..%2Fadmin']) {
  test(`${path} is no appointment, and the page says so at its address`, async () => {
    const ann = await scene.person('Ann');
    await ann.page.goto(`${path}?name=Ann`);
    await ann.expectEnding('invalidAppointment');
    assert.equal(new URL(ann.page.url()).pathname, path);
    await ann.page.getByRole('link', { name: 'Back to the first page' }).click();
    await ann.page.getByTestId('appointment-input').waitFor();
  });
}

test('an unknown address says so', async () => {
  const ann = await scene.person('Ann');
  await ann.page.goto('/somewhere/else');
  await ann.expectEnding('notFound');
});

test('a refused name is given as the reason', async () => {
  const ann = await scene.person('A\u200bnn');
  await ann.openLink(newAppointment());
  await ann.expectEnding('refused');
  assert.match(await ann.page.locator('main').innerText(), /does not take your name/);
});
