// What people do during a call, what the other side sees of it, and that the connection is left alone by all of it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newAppointment } from './support/appointment.mjs';
import { each, openScene } from './support/scene.mjs';

const scene = await openScene({}, { hasScreen: true });

/** A tab that is shared is as wide as its window, and no camera's picture is as wide as this one. */
const SCREEN_WIDTH = 1100;
const screen = { viewport: { width: SCREEN_WIDTH, height: 700 } };

test('whoever is muted is shown to be, until they speak again', async () => {
  const { ann, bob } = await scene.pair(newAppointment());
  await bob.pressMute();
  await ann.expectPeerToBe('muted');
  await ann.expectSilence();
  await bob.pressMute();
  await ann.expectPeerNotToBe('muted');
  await ann.expectToHear();
});

test('a camera that is off is shown to be, also to somebody who loads the page anew', async () => {
  const { ann, bob } = await scene.pair(newAppointment());
  await bob.pressCamera();
  await ann.expectPeerToBe('camera-off');
  await ann.reload();
  await ann.expectPeerToBe('camera-off');
  await ann.expectToHear();
  await bob.pressCamera();
  await ann.expectPeerNotToBe('camera-off');
  await ann.expectToSeeAndHear();
});

test('a screen is seen in place of the camera, and nothing is negotiated for it', async () => {
  const { ann, bob } = await scene.pair(newAppointment(), { screen });
  await ann.expectToSeeAndHear();
  await bob.pressShare();
  await ann.expectPeerToBe('sharing');
  await ann.expectPictureOfWidth(SCREEN_WIDTH);
  await ann.expectToSeeAndHear();

  await bob.stopSharingByBrowser();
  await ann.expectPeerNotToBe('sharing');
  await ann.expectToSeeAndHear();
  assert.deepEqual(await each([ann, bob], (person) => person.offersMade()), [0, 1]);
});

test('a screen can be shared by somebody who has no camera, and by somebody who switched it off', async () => {
  const appointment = newAppointment();
  const ann = await scene.person('Ann', { screen });
  const bob = await scene.person('Bob', { screen, hasDevices: false });
  await ann.join(appointment);
  await ann.expectState('waiting');
  await bob.join(appointment);
  await each([ann, bob], (person) => person.expectState('connected'));
  await ann.expectPeerToBe('camera-off');
  await ann.pressCamera();
  for (const [sharer, watcher] of [
    [bob, ann],
    [ann, bob],
  ]) {
    await sharer.pressShare();
    await watcher.expectPeerToBe('sharing');
    await watcher.expectPictureOfWidth(SCREEN_WIDTH);
    await watcher.expectLight();
    await sharer.pressShare();
    await watcher.expectPeerToBe('camera-off');
  }
  assert.deepEqual(await each([ann, bob], (person) => person.offersMade()), [0, 1]);
});

test('two searches for a new path at the same time end with one, and no word is lost', async () => {
  const { ann, bob } = await scene.pair(newAppointment());
  const both = [ann, bob];
  await each(both, (person) => person.expectToSeeAndHear());
  const before = await each(both, (person) => person.iceFragment());
  await each(both, (person) => person.restartIce());
  await each(both, (person) => person.expectToSeeAndHear());
  await each(both, (person) => person.expectState('connected'));
  const after = await each(both, (person) => person.iceFragment());
  for (const index of [0, 1]) assert.notEqual(after[index], before[index]);
  for (const person of both) assert.equal(await person.callsMade(), 1);
});

test('keys work the call, except where somebody writes', async () => {
  const { ann, bob } = await scene.pair(newAppointment());
  const { keyboard } = ann.page;
  await keyboard.press('m');
  await bob.expectPeerToBe('muted');
  await bob.expectSilence();

  await keyboard.down('Space');
  await bob.expectPeerNotToBe('muted');
  await bob.expectToHear();
  await keyboard.up('Space');
  await bob.expectPeerToBe('muted');

  await keyboard.press('v');
  await bob.expectPeerToBe('camera-off');
  await keyboard.press('s');
  await bob.expectPeerToBe('sharing');
  await keyboard.press('s');
  await bob.expectPeerNotToBe('sharing');

  await keyboard.press('c');
  await keyboard.type('mvs ?');
  await keyboard.press('Enter');
  await bob.expectChat(['Ann: mvs ?']);
  await bob.expectPeerToBe('muted');
  await bob.expectPeerToBe('camera-off');
});

test('the list of keys is opened by one, closed by another, and switches all of them off', async () => {
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
  await ann.pressCamera();
  await bob.expectPeerToBe('camera-off');
  await bob.expectPeerNotToBe('muted');
});

test('the own picture goes where it is wanted, and is found there again', async () => {
  const { ann } = await scene.pair(newAppointment());
  const tile = ann.page.getByTestId('own-tile');
  await ann.expectOwnPictureIn('end end');
  await tile.focus();
  await ann.page.keyboard.press('ArrowLeft');
  await ann.page.keyboard.press('ArrowUp');
  await ann.expectOwnPictureIn('start start');
  await tile.dragTo(ann.page.getByRole('region', { name: 'Pictures' }), { targetPosition: { x: 600, y: 100 } });
  await ann.expectOwnPictureIn('start end');
  await ann.reload();
  await ann.expectOwnPictureIn('start end');
});

test('how well the connection does is shown, and how it goes, to whoever wants to know', async () => {
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

test('on a poor network the picture gives way to the sound, says so on both sides, and comes back', async () => {
  const { ann, bob } = await scene.pair(newAppointment());
  await bob.believeRoundTripsOf(2);
  await ann.expectPausedPicture('peer');
  await bob.expectPausedPicture('own');
  await bob.page.locator('[data-testid=quality-sign][data-quality=poor]').waitFor();
  const { framesDecoded } = await ann.page.evaluate(() => window.probe.received());
  await ann.expectToHear();
  assert.equal((await ann.page.evaluate(() => window.probe.received())).framesDecoded, framesDecoded);

  await bob.believeRoundTripsOf(null);
  await ann.expectToSeeAndHear();
  await ann.page.getByTestId('video-paused').waitFor({ state: 'detached' });
});

test('the time of a call goes on when the page is loaded anew', async () => {
  const { ann, bob } = await scene.pair(newAppointment());
  const seconds = async () => {
    const [minutes, rest] = (await ann.page.getByTestId('call-timer').innerText()).split(':');
    return 60 * minutes + Number(rest);
  };
  await ann.page.getByTestId('call-timer').getByText('0:03').waitFor();
  await ann.reload();
  await each([ann, bob], (person) => person.expectState('connected'));
  assert.ok((await seconds()) >= 3);
});
