// Media through the kurento door, forwarded by the server.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newAppointment } from '../support/appointment.mjs';
import {
  expectState,
  expectTiles,
  expectToReceive,
  expectToSee,
  FORWARDING,
  received,
  scriptedParticipant,
  visitor,
} from '../support/kurentoRoom.mjs';
import { each, openScene, PHONE } from '../support/scene.mjs';

const scene = await openScene({ ...FORWARDING, KURENTO_LEASE: '4s' });

test('two people see and hear each other', async () => {
  const room = newAppointment();
  const [ann, bob] = [await visitor(scene, 'Ann', room), await visitor(scene, 'Bob', room, { screen: PHONE })];
  await each([ann, bob], (page) => expectToReceive(page, 1));
  await each([ann, bob], (page) => expectToSee(page, 1));
  assert.equal((await received(ann))[0].protocol, 'udp');
});

test('four people see and hear each other, also after a reload and a departure', async () => {
  const room = newAppointment();
  const people = [];
  for (const name of ['Ann', 'Bob', 'Cy', 'Di']) people.push(await visitor(scene, name, room));
  const [ann, bob, cy, di] = people;
  await each(people, (page) => expectToReceive(page, 3));
  await each(people, (page) => expectToSee(page, 3));
  await bob.reload();
  await each(people, (page) => expectToReceive(page, 3));
  await di.getByRole('button', { name: 'Leave' }).click();
  await expectState(di, 'idle');
  await each([ann, bob, cy], (page) => expectToReceive(page, 2));
  await expectTiles(ann, 'Ann (you)', 'Bob', 'Cy');
});

test('a person who stops sending disappears, and reappears on sending again', async () => {
  const room = newAppointment();
  const ann = await visitor(scene, 'Ann', room);
  const bob = await scriptedParticipant(scene, 'Bob', room);
  for (let time = 0; time < 2; time += 1) {
    await bob.evaluate(() => window.user.publish());
    await expectToReceive(ann, 1);
    await expectToSee(ann, 1);
    await bob.evaluate(() => window.user.unpublish());
    await expectToSee(ann, 0);
    await expectTiles(ann, 'Ann (you)', 'Bob');
  }
  await bob.evaluate(() => window.user.publish());
  await expectToReceive(ann, 1);
  await bob.evaluate(() => window.user.leave());
  await expectTiles(ann, 'Ann (you)');
});

test('a speaker is marked until silent', async () => {
  const room = newAppointment();
  const ann = await visitor(scene, 'Ann', room);
  const bob = await scriptedParticipant(scene, 'Bob', room);
  await bob.evaluate(() => window.user.publish());
  const marked = ann.locator('figure[data-speaks]');
  await marked.filter({ hasText: 'Bob' }).waitFor();
  await bob.evaluate(() => window.user.fallSilent());
  await marked.waitFor({ state: 'detached' });
});

test('a participant receives the own media back on request, over the sending connection', async () => {
  const ann = await scriptedParticipant(scene, 'Ann', newAppointment());
  await ann.evaluate(() => window.user.publish(true));
  await expectToReceive(ann, 1);
  assert.equal(await ann.evaluate(() => window.probe.calls.length), 1);
});

test('data channel messages of a publisher reach its receivers', async () => {
  const room = newAppointment();
  const [ann, bob] = [await scriptedParticipant(scene, 'Ann', room), await scriptedParticipant(scene, 'Bob', room)];
  await ann.evaluate(() => window.user.publish());
  await bob.evaluate(() => window.user.receive('Ann_webcam'));
  await ann.evaluate(() => window.user.note('hello'));
  await bob.waitForFunction(() => window.user.read.join() === 'hello');
});

test('media continues through a lost WebSocket, and the session continues after it', async () => {
  const room = newAppointment();
  const ann = await visitor(scene, 'Ann', room, { losesServer: true });
  const bob = await visitor(scene, 'Bob', room);
  await each([ann, bob], (page) => expectToReceive(page, 1));
  await ann.context().setOffline(true);
  await ann.evaluate(() => window.newestWebSocket.close());
  await expectState(ann, 'away');
  await each([ann, bob], (page) => expectToReceive(page, 1));
  await ann.context().setOffline(false);
  await expectState(ann, 'in-call');
  await each([ann, bob], (page) => expectToReceive(page, 1));
  const connections = await each([ann, bob], (page) => page.evaluate(() => window.probe.calls.length));
  assert.deepEqual(connections, [2, 2], 'each of them sends and receives over the existing connections');
  await bob.getByLabel('Your message').fill('are you there?');
  await bob.getByRole('button', { name: 'Send' }).click();
  await ann.getByText('are you there?').waitFor();
});

test('a participant whose tab crashed disappears', async () => {
  const room = newAppointment();
  const people = [];
  for (const name of ['Ann', 'Bob', 'Cy']) people.push(await visitor(scene, name, room));
  const [ann, bob, cy] = people;
  await each(people, (page) => expectToReceive(page, 2));
  const crashed = cy.waitForEvent('crash');
  const devtools = await cy.context().newCDPSession(cy);
  devtools.send('Page.crash').catch(() => {});
  await crashed;
  await each([ann, bob], (page) => expectTiles(page, ...[page === ann ? 'Ann (you)' : 'Ann', page === bob ? 'Bob (you)' : 'Bob']));
  await each([ann, bob], (page) => expectToReceive(page, 1));
});
