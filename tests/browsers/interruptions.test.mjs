// Failures on the way to the server: the media of a call continues, and both participants recover their seats
// and the chat.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startProxy } from '../clients/support/proxy.mjs';
import { newAppointment } from './support/appointment.mjs';
import { cutNetwork, restoreNetwork } from './support/network.mjs';
import { each, openScene } from './support/scene.mjs';

const scene = await openScene();

/** Holds a call through `mishap` and its repair; fails if any part of the call is lost. */
async function expectToSurvive(mishap) {
  const appointment = newAppointment();
  const { ann, bob } = await scene.pair(appointment, { losesServer: true });
  const both = [ann, bob];
  await each(both, (person) => person.media.expectToSeeAndHear());
  await ann.chat.send('before');
  await bob.chat.expectMessage('before');
  const participants = await each(both, (person) => person.signaling.participant());

  await mishap({ ann, bob });

  await each(both, (person) => person.call.expectState('connected'));
  await each(both, (person) => person.media.expectToSeeAndHear());
  assert.deepEqual(await each(both, (person) => person.signaling.participant()), participants);
  for (const person of both) assert.equal(await person.connection.connectionCount(), 1, `${person.name} never had to call again`);

  await bob.chat.send('after');
  await ann.chat.send('thank you');
  await ann.chat.expectMessages(['You: before', 'Bob: after', 'You: thank you']);
  await bob.chat.expectMessages(['Ann: before', 'You: after', 'Ann: thank you']);

  const stranger = await scene.person('Eve');
  await stranger.openLink(appointment);
  await stranger.call.expectState('full');
  await each(both, (person) => person.call.expectState('connected'));
}

test('a call survives a killed server, and both recover their seats from the next one', async () => {
  await expectToSurvive(async ({ ann, bob }) => {
    await scene.server.crash();
    await each([ann, bob], (person) => person.call.expectState('reconnecting'));
    await each([ann, bob], (person) => person.media.expectToSeeAndHear());
    await scene.server.start();
  });
});

test('a call survives a graceful stop of the server', async () => {
  await expectToSurvive(async ({ ann, bob }) => {
    await scene.server.stop();
    await each([ann, bob], (person) => person.call.expectState('reconnecting'));
    await each([ann, bob], (person) => person.media.expectToSeeAndHear());
    await scene.server.start();
  });
});

test('a broken connection to the server is replaced without a lost event', async () => {
  await expectToSurvive(async ({ ann }) => {
    await ann.signaling.loseSocket();
    assert.equal((await ann.signaling.joins()).at(-1).resumed, true);
  });
});

test('a newcomer cannot take the seat of a person whose network is cut, who is never told of a full room', async () => {
  const appointment = newAppointment();
  const network = await startProxy(scene.server);
  const ann = await scene.person('Ann');
  const bob = await scene.person('Bob', { through: network, losesServer: true });
  await ann.openLink(appointment);
  await ann.call.expectState('waiting');
  await bob.openLink(appointment);
  await each([ann, bob], (person) => person.call.expectState('connected'));
  const participant = await bob.signaling.participant();
  network.fallSilent();

  const strangers = [await scene.person('Eve'), await scene.person('Bob')];
  for (const stranger of strangers) {
    await stranger.openLink(appointment);
    // The server has not detected the loss yet.
    await stranger.expectEnding('full');
  }
  await ann.call.expectState('reconnecting');
  await each(strangers, (stranger) => stranger.expectCountdown());
  network.repair();
  await each([ann, bob], (person) => person.call.expectState('connected'));
  await each([ann, bob], (person) => person.media.expectToSeeAndHear());
  assert.equal(await bob.signaling.participant(), participant);
  assert.deepEqual(await bob.signaling.refusals(), []);
  for (const stranger of strangers) {
    await stranger.tryNow();
    await stranger.expectEnding('full');
    assert.deepEqual(await stranger.signaling.joins(), []);
  }
});

test('both lose their connections at the same time', async () => {
  await expectToSurvive(({ ann, bob }) => Promise.all([ann.signaling.loseSocket(), bob.signaling.loseSocket()]));
});

test('a browser that is online again before the server detects the loss recovers its seat', async () => {
  await expectToSurvive(async ({ ann, bob }) => {
    await ann.signaling.goOffline();
    await ann.call.expectState('reconnecting');
    await each([ann, bob], (person) => person.media.expectToSeeAndHear());
    await ann.signaling.goOnline();
  });
});

test('a message written without a server is sent once when it is reachable again', async () => {
  const { ann, bob } = await scene.pair(newAppointment(), { losesServer: true });
  await scene.server.crash();
  await ann.call.expectState('reconnecting');
  await ann.chat.submit('Are you still there?');
  await ann.chat.expectMessage('Are you still there?', 'sending');
  await scene.server.start();
  await ann.chat.expectMessage('Are you still there?', 'sent');
  await bob.chat.expectMessage('Are you still there?');
  await bob.chat.send('Yes.');
  await each([ann, bob], (person) => person.reload());
  await ann.chat.expectMessages(['You: Are you still there?', 'Bob: Yes.']);
  await bob.chat.expectMessages(['Ann: Are you still there?', 'You: Yes.']);
});

test('a call recovers from a network cut that outlasts its ICE restarts', async () => {
  const { ann, bob } = await scene.pair(newAppointment(), { losesServer: true });
  const both = [ann, bob];
  await each(both, (person) => person.media.expectToSeeAndHear());
  const before = await each(both, (person) => person.connection.iceFragment());
  const offers = await each(both, (person) => person.connection.offerCount());
  cutNetwork();
  try {
    await each(both, (person) => person.call.expectState('reconnecting'));
    await each(both, (person) => person.connection.expectMoreOffersThan(offers[both.indexOf(person)]));
  } finally {
    restoreNetwork();
  }
  await each(both, (person) => person.call.expectState('connected'));
  await each(both, (person) => person.media.expectToSeeAndHear());
  const after = await each(both, (person) => person.connection.iceFragment());
  for (const index of [0, 1]) assert.notEqual(after[index], before[index]);
  for (const person of both) assert.equal(await person.connection.connectionCount(), 1);
});
