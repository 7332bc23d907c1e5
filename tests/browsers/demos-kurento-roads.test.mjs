// Media over the kurento door on bad roads: one that loses packets, one that lets no datagrams through.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newAppointment } from './support/appointment.mjs';
import { openRoad } from './support/road.mjs';
import { expectToKnowTheWay, expectToReceive, received, visitor } from './support/room.mjs';
import { each, openScene } from './support/scene.mjs';

/** Of some ten seconds. A browser counts what is hardly seen, a fifth of a second; and what holds up the whole machine. */
const FREEZE_S = 0.5;

/** A machine that has too much to do makes pictures stand still by itself, but not each time. */
const ATTEMPTS = 3;

const road = await openRoad();
const scene = await openScene(road.settings);

test('where no datagrams get through, media goes over TCP', async () => {
  road.carriesUdp = false;
  const room = newAppointment();
  const [ann, bob] = [await visitor(scene, 'Ann', room), await visitor(scene, 'Bob', room)];
  await each([ann, bob], (page) => expectToReceive(page, 1));
  for (const page of [ann, bob]) assert.equal((await received(page))[0].protocol, 'tcp');
  assert.ok(road.counts.connections >= 4, 'each sends over one and receives over another');
  assert.ok(road.counts.refused > 0, 'datagrams were tried');
});

test('where one packet in twenty is lost on either way, it comes once more before it is missed', async () => {
  road.carriesUdp = true;
  const room = newAppointment();
  const people = [await visitor(scene, 'Ann', room), await visitor(scene, 'Bob', room)];
  await each(people, (page) => expectToKnowTheWay(page));
  let missed = await missedByLoss(people);
  for (let attempt = 1; missed.length > 0 && attempt < ATTEMPTS; attempt++) missed = await missedByLoss(people);
  assert.deepEqual(missed, []);
});

/** What those missed whose pictures stood still for too long, or had to begin anew, while packets were lost. */
async function missedByLoss(people) {
  const before = await each(people, (page) => expectToReceive(page, 1));
  const { lost, heldUpFor } = road.counts;
  road.loss = { up: 0.05, down: 0.05 };
  const after = await each(people, (page) => expectToReceive(page, 1, { frames: 200, bytes: 20_000 }));
  road.loss = { up: 0, down: 0 };
  assert.ok(road.counts.lost - lost > 100, 'packets were lost');
  const longest = FREEZE_S + road.counts.heldUpFor - heldUpFor;
  return after
    .map(([now], index) => ({
      frozenFor: now.frozenFor - before[index][0].frozenFor,
      restarts: now.restarts - before[index][0].restarts,
    }))
    .filter(({ frozenFor, restarts }) => frozenFor >= longest || restarts > 0);
}
