// Controls during a call: what the other side sees of them, all without renegotiation.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newAppointment } from './support/appointment.mjs';
import { each, openScene } from './support/scene.mjs';

const scene = await openScene({}, { hasScreen: true });

/** Width of a shared tab, in pixels: that of its window, and of no camera. */
const SCREEN_WIDTH = 1100;
const screen = { viewport: { width: SCREEN_WIDTH, height: 700 } };

test('a muted person is shown as muted until unmuted', async () => {
  const { ann, bob } = await scene.pair(newAppointment());
  await bob.call.pressMute();
  await ann.call.expectPeerToBe('muted');
  await ann.media.expectSilence();
  await bob.call.pressMute();
  await ann.call.expectPeerNotToBe('muted');
  await ann.media.expectToHear();
});

test('a camera that is off is shown as off, also to a page loaded later', async () => {
  const { ann, bob } = await scene.pair(newAppointment());
  await bob.call.pressCamera();
  await ann.call.expectPeerToBe('camera-off');
  await ann.reload();
  await ann.call.expectPeerToBe('camera-off');
  await ann.media.expectToHear();
  await bob.call.pressCamera();
  await ann.call.expectPeerNotToBe('camera-off');
  await ann.media.expectToSeeAndHear();
});

test('a screen replaces the camera without renegotiation', async () => {
  const { ann, bob } = await scene.pair(newAppointment(), { screen });
  await ann.media.expectToSeeAndHear();
  await bob.call.pressShare();
  await ann.call.expectPeerToBe('sharing');
  await ann.media.expectPictureWidth(SCREEN_WIDTH);
  await ann.media.expectToSeeAndHear();

  await bob.call.stopSharingByBrowser();
  await ann.call.expectPeerNotToBe('sharing');
  await ann.media.expectToSeeAndHear();
  assert.deepEqual(await each([ann, bob], (person) => person.connection.offerCount()), [0, 1]);
});

test('a screen can be shared without a camera, and with the camera off', async () => {
  const appointment = newAppointment();
  const ann = await scene.person('Ann', { screen });
  const bob = await scene.person('Bob', { screen, hasDevices: false });
  await ann.join(appointment);
  await ann.call.expectState('waiting');
  await bob.join(appointment);
  await each([ann, bob], (person) => person.call.expectState('connected'));
  await ann.call.expectPeerToBe('camera-off');
  await ann.call.pressCamera();
  for (const [sharer, watcher] of [
    [bob, ann],
    [ann, bob],
  ]) {
    await sharer.call.pressShare();
    await watcher.call.expectPeerToBe('sharing');
    await watcher.media.expectPictureWidth(SCREEN_WIDTH);
    await watcher.media.expectBrightPicture();
    await sharer.call.pressShare();
    await watcher.call.expectPeerToBe('camera-off');
  }
  assert.deepEqual(await each([ann, bob], (person) => person.connection.offerCount()), [0, 1]);
});

test('two ICE restarts at the same time end in one path without a lost message', async () => {
  const { ann, bob } = await scene.pair(newAppointment());
  const both = [ann, bob];
  await each(both, (person) => person.media.expectToSeeAndHear());
  const before = await each(both, (person) => person.connection.iceFragment());
  await each(both, (person) => person.connection.restartIce());
  await each(both, (person) => person.media.expectToSeeAndHear());
  await each(both, (person) => person.call.expectState('connected'));
  const after = await each(both, (person) => person.connection.iceFragment());
  for (const index of [0, 1]) assert.notEqual(after[index], before[index]);
  for (const person of both) assert.equal(await person.connection.connectionCount(), 1);
});

test('keyboard shortcuts control the call, except in text fields', async () => {
  const { ann, bob } = await scene.pair(newAppointment());
  const { keyboard } = ann.page;
  await keyboard.press('m');
  await bob.call.expectPeerToBe('muted');
  await bob.media.expectSilence();

  await keyboard.down('Space');
  await bob.call.expectPeerNotToBe('muted');
  await bob.media.expectToHear();
  await keyboard.up('Space');
  await bob.call.expectPeerToBe('muted');

  await keyboard.press('v');
  await bob.call.expectPeerToBe('camera-off');
  await keyboard.press('s');
  await bob.call.expectPeerToBe('sharing');
  await keyboard.press('s');
  await bob.call.expectPeerNotToBe('sharing');

  await keyboard.press('c');
  await keyboard.type('mvs ?');
  await keyboard.press('Enter');
  await bob.chat.expectMessages(['Ann: mvs ?']);
  await bob.call.expectPeerToBe('muted');
  await bob.call.expectPeerToBe('camera-off');
});

test('the list of shortcuts opens and closes by key, and turns them off', async () => {
  const { ann, bob } = await scene.pair(newAppointment());
  const { keyboard } = ann.page;
  const list = ann.page.getByTestId('shortcuts-dialog');
  await keyboard.press('?');
  await list.waitFor();
  await keyboard.press('m');
  await list.getByRole('checkbox').uncheck();
  await keyboard.press('Escape');
  await list.waitFor({ state: 'detached' });
  await keyboard.press('m');
  await ann.call.pressCamera();
  await bob.call.expectPeerToBe('camera-off');
  await bob.call.expectPeerNotToBe('muted');
});

test('the own tile moves to another corner and stays there across a reload', async () => {
  const { ann } = await scene.pair(newAppointment());
  const tile = ann.page.getByTestId('own-tile');
  await ann.call.expectOwnPictureIn('end end');
  await tile.focus();
  await ann.page.keyboard.press('ArrowLeft');
  await ann.page.keyboard.press('ArrowUp');
  await ann.call.expectOwnPictureIn('start start');
  await tile.dragTo(ann.page.getByRole('region', { name: 'Pictures' }), { targetPosition: { x: 600, y: 100 } });
  await ann.call.expectOwnPictureIn('start end');
  await ann.reload();
  await ann.call.expectOwnPictureIn('start end');
});

test('the quality sign shows the level, and the path on request', async () => {
  const { ann } = await scene.pair(newAppointment());
  const sign = ann.page.getByTestId('quality-sign');
  await ann.page.locator('[data-testid=quality-sign][data-path=direct]').waitFor();
  await sign.click();
  const details = ann.page.getByTestId('quality-details');
  await details.waitFor();
  assert.match(await details.innerText(), /connected to each other directly.*direct, UDP/s);
  await ann.page.keyboard.press('Escape');
  await details.waitFor({ state: 'detached' });
});

test('the call timer continues across a reload', async () => {
  const { ann, bob } = await scene.pair(newAppointment());
  const seconds = async () => {
    const [minutes, rest] = (await ann.page.getByTestId('call-timer').innerText()).split(':');
    return 60 * minutes + Number(rest);
  };
  await ann.page.getByTestId('call-timer').getByText('0:03').waitFor();
  await ann.reload();
  await each([ann, bob], (person) => person.call.expectState('connected'));
  assert.ok((await seconds()) >= 3);
});
