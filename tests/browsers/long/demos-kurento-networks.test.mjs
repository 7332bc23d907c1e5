// Media through the kurento door over a network that loses packets, and over one without UDP.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newAppointment } from '../support/appointment.mjs';
import { openMediaProxy } from '../support/mediaProxy.mjs';
import { expectRoundTripTime, expectToReceive, received, visitor } from '../support/kurentoRoom.mjs';
import { each, openScene } from '../support/scene.mjs';

/** Longest freeze within ten seconds, in seconds. Browsers count freezes from a fifth of a second. */
const FREEZE_S = 0.5;

/** Attempts: an overloaded machine freezes video by itself, but not each time. */
const ATTEMPTS = 3;

const proxy = await openMediaProxy();
const scene = await openScene(proxy.settings);

test('without UDP, media uses TCP', async () => {
  proxy.carriesUdp = false;
  const room = newAppointment();
  const [ann, bob] = [await visitor(scene, 'Ann', room), await visitor(scene, 'Bob', room)];
  await each([ann, bob], (page) => expectToReceive(page, 1));
  for (const page of [ann, bob]) assert.equal((await received(page))[0].protocol, 'tcp');
  assert.ok(proxy.counts.connections >= 4, 'each sends over one connection and receives over another');
  assert.ok(proxy.counts.refused > 0, 'UDP was tried');
});

test('with five percent loss each way, retransmissions arrive before the video freezes', async () => {
  proxy.carriesUdp = true;
  const room = newAppointment();
  const people = [await visitor(scene, 'Ann', room), await visitor(scene, 'Bob', room)];
  await each(people, (page) => expectRoundTripTime(page));
  let missed = await harmedByLoss(people);
  for (let attempt = 1; missed.length > 0 && attempt < ATTEMPTS; attempt++) missed = await harmedByLoss(people);
  assert.deepEqual(missed, []);
});

/** Freezes and restarts of those whose video suffered while packets were lost. */
async function harmedByLoss(people) {
  const before = await each(people, (page) => expectToReceive(page, 1));
  const { lost, stalledFor } = proxy.counts;
  proxy.loss = { up: 0.05, down: 0.05 };
  const after = await each(people, (page) => expectToReceive(page, 1, { frames: 200, bytes: 20_000 }));
  proxy.loss = { up: 0, down: 0 };
  assert.ok(proxy.counts.lost - lost > 100, 'packets were lost');
  const longest = FREEZE_S + proxy.counts.stalledFor - stalledFor;
  return after
    .map(([now], index) => ({
      frozenFor: now.frozenFor - before[index][0].frozenFor,
      restarts: now.restarts - before[index][0].restarts,
    }))
    .filter(({ frozenFor, restarts }) => frozenFor >= longest || restarts > 0);
}
