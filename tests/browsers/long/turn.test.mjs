// Calls between two people whose networks pass only what a TURN server relays.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newAppointment } from '../support/appointment.mjs';
import { each, openScene } from '../support/scene.mjs';
import { startTurnServer } from '../support/turnserver.mjs';

const turnServer = await startTurnServer();
const SECONDS_TO_LIVE = 5;
const scene = await openScene({ ...turnServer.settings, TURN_TTL: `${SECONDS_TO_LIVE}s` });

const secondsNow = () => Date.now() / 1_000;
/** End of the credentials that a TURN user name carries, in seconds since 1970. */
const endOf = (username) => Number(username.split(':')[0]);

async function relayedPair() {
  const people = await scene.pair(newAppointment(), { onlyRelayed: true });
  await each(Object.values(people), (person) => person.media.expectToSeeAndHear());
  return people;
}

test('without a direct path the call is relayed, and both see it', async () => {
  const { ann, bob } = await relayedPair();
  await each([ann, bob], (person) => person.connection.expectPath('relayed'));
});

test('a call survives a relay that is silent for a while', async () => {
  const { ann, bob } = await relayedPair();
  const both = [ann, bob];
  const offers = await each(both, (person) => person.connection.offerCount());
  turnServer.pause();
  try {
    await each(both, (person) => person.call.expectState('reconnecting'));
    // The first ICE restart comes after more than ten seconds.
    await Promise.any(both.map((person, index) => person.connection.expectMoreOffersThan(offers[index])));
  } finally {
    turnServer.resume();
  }
  await each(both, (person) => person.call.expectState('connected'));
  await each(both, (person) => person.media.expectToSeeAndHear());
  for (const person of both) {
    assert.equal(await person.connection.connectionCount(), 1);
    assert.equal((await person.signaling.joins()).length, 1);
  }
});

test('a call that outlives its credentials finds a new path with new ones', async () => {
  const { ann, bob } = await relayedPair();
  const both = [ann, bob];
  const [first] = await ann.connection.turnUsernames();
  // Credentials are refreshed before they expire, so the first ones expire before the second refresh.
  await each(both, (person) => person.connection.expectTurnUsernames(3));
  assert.ok(endOf(first) < secondsNow(), 'the first credentials have expired');

  const fragments = await each(both, (person) => person.connection.pathFragment());
  await ann.connection.restartIce();
  await each(both, (person, index) => person.connection.expectOtherPathThan(fragments[index]));
  await each(both, (person) => person.media.expectToSeeAndHear());
  for (const username of (await each(both, (person) => person.connection.turnUsernames())).map((names) => names.at(-1))) {
    assert.ok(endOf(username) > endOf(first));
    assert.ok(endOf(username) <= secondsNow() + SECONDS_TO_LIVE + 1);
  }
});

test('the connection check sends data through the relay for a person with a seat', async () => {
  const { ann } = await scene.pair(newAppointment());
  await ann.devices.openDialog();
  assert.equal((await ann.connection.check()).relay, 'good');
  assert.match(await ann.connection.checkResult('relay'), /\d+ ms/);
});

test('the connection check probes the relay for a person without a seat', async () => {
  const ann = await scene.person('Ann');
  await ann.openPreJoin(newAppointment());
  assert.equal((await ann.connection.check()).relay, 'good');
});
