// Media over the kurento door on bad roads: one that loses packets, one that lets no datagrams through.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newAppointment } from './support/appointment.mjs';
import { openRoad } from './support/road.mjs';
import { expectToReceive, received, visitor } from './support/room.mjs';
import { each, openScene } from './support/scene.mjs';

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

test('where one packet in twenty is lost, no picture stands still', async () => {
  road.carriesUdp = true;
  const room = newAppointment();
  const [ann, bob] = [await visitor(scene, 'Ann', room), await visitor(scene, 'Bob', room)];
  const before = await each([ann, bob], (page) => expectToReceive(page, 1));
  road.loss = 0.05;
  const after = await each([ann, bob], (page) => expectToReceive(page, 1, { frames: 200, bytes: 20_000 }));
  road.loss = 0;
  const { datagrams, lost } = road.counts;
  assert.ok(lost > 100, `${lost} of ${datagrams} datagrams were lost`);
  for (const [index, [now]] of after.entries()) {
    assert.equal(now.freezes - before[index][0].freezes, 0, JSON.stringify(now));
    assert.ok(now.repaired > 0, 'what was lost came once more');
  }
});
