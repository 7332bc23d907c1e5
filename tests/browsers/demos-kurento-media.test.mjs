// Media over the kurento door: what people send to the server is what the others see and hear.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newAppointment } from './support/appointment.mjs';
import {
  expectState,
  expectTiles,
  expectToReceive,
  expectToSee,
  FORWARDING,
  received,
  userByHand,
  visitor,
} from './support/room.mjs';
import { each, openScene, PHONE } from './support/scene.mjs';

const scene = await openScene({ ...FORWARDING, KURENTO_LEASE: '4s' });

test('two people see and hear each other', async () => {
  const room = newAppointment();
  const [ann, bob] = [await visitor(scene, 'Ann', room), await visitor(scene, 'Bob', room, { screen: PHONE })];
  await each([ann, bob], (page) => expectToReceive(page, 1));
  await each([ann, bob], (page) => expectToSee(page, 1));
  assert.equal((await received(ann))[0].protocol, 'udp');
});

test('four people all see and hear each other, also after one has loaded the page anew and another has left', async () => {
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

test('who stops sending is seen no more, and again when they send again', async () => {
  const room = newAppointment();
  const ann = await visitor(scene, 'Ann', room);
  const bob = await userByHand(scene, 'Bob', room);
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

test('whoever speaks is marked until they fall silent', async () => {
  const room = newAppointment();
  const ann = await visitor(scene, 'Ann', room);
  const bob = await userByHand(scene, 'Bob', room);
  await bob.evaluate(() => window.user.publish());
  const marked = ann.locator('figure[data-speaks]');
  await marked.filter({ hasText: 'Bob' }).waitFor();
  await bob.evaluate(() => window.user.fallSilent());
  await marked.waitFor({ state: 'detached' });
});

test('whoever asks for it gets their own media back, over the connection on which it is sent', async () => {
  const ann = await userByHand(scene, 'Ann', newAppointment());
  await ann.evaluate(() => window.user.publish(true));
  await expectToReceive(ann, 1);
  assert.equal(await ann.evaluate(() => window.probe.calls.length), 1);
});

test('what a publisher writes on a data channel comes to those who receive them', async () => {
  const room = newAppointment();
  const [ann, bob] = [await userByHand(scene, 'Ann', room), await userByHand(scene, 'Bob', room)];
  await ann.evaluate(() => window.user.publish());
  await bob.evaluate(() => window.user.receive('Ann_webcam'));
  await ann.evaluate(() => window.user.note('hello'));
  await bob.waitForFunction(() => window.user.read.join() === 'hello');
});

test('a lost WebSocket costs nothing: media goes on meanwhile, and the session afterwards', async () => {
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
  assert.deepEqual(connections, [2, 2], 'each of them sends and receives over the connections of before');
  await bob.getByLabel('Your message').fill('are you there?');
  await bob.getByRole('button', { name: 'Send' }).click();
  await ann.getByText('are you there?').waitFor();
});

test('whose tab has crashed is missed by all', async () => {
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
