// A network so slow that the call sends no video.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newAppointment } from '../support/appointment.mjs';
import { openScene } from '../support/scene.mjs';

const scene = await openScene();

test('on a poor network the video pauses, both sides show it, and it is restored', async () => {
  const { ann, bob } = await scene.pair(newAppointment());
  await bob.connection.fakeRoundTripTime(2);
  await ann.call.expectPausedVideo('peer');
  await bob.call.expectPausedVideo('own');
  await bob.page.locator('[data-testid=quality-sign][data-quality=poor]').waitFor();
  const { framesDecoded } = await ann.page.evaluate(() => window.probe.received());
  await ann.media.expectToHear();
  assert.equal((await ann.page.evaluate(() => window.probe.received())).framesDecoded, framesDecoded);

  await bob.connection.fakeRoundTripTime(null);
  await ann.media.expectToSeeAndHear();
  await ann.page.getByTestId('video-paused').waitFor({ state: 'detached' });
});
