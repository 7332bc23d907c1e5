// Calls between two people whose networks let nothing through but what a TURN server relays.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newAppointment } from './support/appointment.mjs';
import { each, openScene } from './support/scene.mjs';
import { startTurnServer } from './support/turnserver.mjs';

const turnServer = await startTurnServer();
const SECONDS_TO_LIVE = 5;
const scene = await openScene({ ...turnServer.settings, TURN_TTL: `${SECONDS_TO_LIVE}s` });

const secondsNow = () => Date.now() / 1_000;
/** Credentials carry the time, in seconds since 1970, at which they end. */
const endOf = (username) => Number(username.split(':')[0]);

async function relayedPair() {
  const people = await scene.pair(newAppointment(), { onlyRelayed: true });
  await each(Object.values(people), (person) => person.expectToSeeAndHear());
  return people;
}

test('where there is no direct path the call is relayed, and both are told so', async () => {
  const { ann, bob } = await relayedPair();
  await each([ann, bob], (person) => person.expectPath('relayed'));
});

test('a relay that is silent for a while ends nothing', async () => {
  const { ann, bob } = await relayedPair();
  const both = [ann, bob];
  const offers = await each(both, (person) => person.offersMade());
  turnServer.pause();
  try {
    await each(both, (person) => person.expectState('reconnecting'));
    // More than ten seconds have passed when the first of them looks for another path.
    await Promise.any(both.map((person, index) => person.expectMoreOffersThan(offers[index])));
  } finally {
    turnServer.resume();
  }
  await each(both, (person) => person.expectState('connected'));
  await each(both, (person) => person.expectToSeeAndHear());
  for (const person of both) {
    assert.equal(await person.callsMade(), 1);
    assert.equal((await person.joins()).length, 1);
  }
});

test('a call that has outlived its credentials finds a new path with new ones', async () => {
  const { ann, bob } = await relayedPair();
  const both = [ann, bob];
  const [first] = await ann.turnUsernames();
  // They are renewed before they end, so the second renewal comes after the end of the first ones.
  await each(both, (person) => person.expectTurnUsernames(3));
  assert.ok(endOf(first) < secondsNow(), 'the first credentials are worth nothing any more');

  const fragments = await each(both, (person) => person.pathFragment());
  await ann.restartIce();
  await each(both, (person, index) => person.expectOtherPathThan(fragments[index]));
  await each(both, (person) => person.expectToSeeAndHear());
  for (const username of (await each(both, (person) => person.turnUsernames())).map((names) => names.at(-1))) {
    assert.ok(endOf(username) > endOf(first));
    assert.ok(endOf(username) <= secondsNow() + SECONDS_TO_LIVE + 1);
  }
});

test('the check of the connection goes through the relay for whoever has a seat', async () => {
  const { ann } = await scene.pair(newAppointment());
  await ann.openDevices();
  assert.equal((await ann.checkConnection()).relay, 'good');
  assert.match(await ann.connectionLine('relay'), /\d+ ms/);
});

test('the check of the connection knocks at the relay for whoever has none yet', async () => {
  const ann = await scene.person('Ann');
  await ann.goToDoor(newAppointment());
  assert.equal((await ann.checkConnection()).relay, 'good');
});
