// What goes wrong on the way to the server does not end a call: sound and picture never stop, and once the way is free
// again, both have their seats and the chat goes on.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startProxy } from '../clients/support/proxy.mjs';
import { newAppointment } from './support/appointment.mjs';
import { cutNetwork, restoreNetwork } from './support/network.mjs';
import { each, openScene } from './support/scene.mjs';

const scene = await openScene();

/** Holds a call through `mishap` and what mends it; fails if anything of it is lost. */
async function expectToSurvive(mishap) {
  const appointment = newAppointment();
  const { ann, bob } = await scene.pair(appointment, { losesServer: true });
  const both = [ann, bob];
  await each(both, (person) => person.expectToSeeAndHear());
  await ann.write('before');
  await bob.expectMessage('before');
  const participants = await each(both, (person) => person.participant());

  await mishap({ ann, bob });

  await each(both, (person) => person.expectState('connected'));
  await each(both, (person) => person.expectToSeeAndHear());
  assert.deepEqual(await each(both, (person) => person.participant()), participants);
  for (const person of both) assert.equal(await person.callsMade(), 1, `${person.name} never had to call again`);

  await bob.write('after');
  await ann.write('thank you');
  await ann.expectChat(['You: before', 'Bob: after', 'You: thank you']);
  await bob.expectChat(['Ann: before', 'You: after', 'Ann: thank you']);

  const stranger = await scene.person('Eve');
  await stranger.openLink(appointment);
  await stranger.expectState('full');
  await each(both, (person) => person.expectState('connected'));
}

test('a call outlives a server that is killed, and both get their seats back from the next', async () => {
  await expectToSurvive(async ({ ann, bob }) => {
    await scene.server.crash();
    await each([ann, bob], (person) => person.expectState('reconnecting'));
    await each([ann, bob], (person) => person.expectToSeeAndHear());
    await scene.server.start();
  });
});

test('a call outlives a server that is stopped in an orderly way', async () => {
  await expectToSurvive(async ({ ann, bob }) => {
    await scene.server.stop();
    await each([ann, bob], (person) => person.expectState('reconnecting'));
    await each([ann, bob], (person) => person.expectToSeeAndHear());
    await scene.server.start();
  });
});

test('a connection to the server that breaks is made anew, and nothing was missed', async () => {
  await expectToSurvive(async ({ ann }) => {
    await ann.loseSocket();
    assert.equal((await ann.joins()).at(-1).resumed, true);
  });
});

test('no stranger displaces a person whose network is cut, and that person hears of no full room', async () => {
  const appointment = newAppointment();
  const network = await startProxy(scene.server);
  const ann = await scene.person('Ann');
  const bob = await scene.person('Bob', { through: network, losesServer: true });
  await ann.openLink(appointment);
  await ann.expectState('waiting');
  await bob.openLink(appointment);
  await each([ann, bob], (person) => person.expectState('connected'));
  const participant = await bob.participant();
  network.fallSilent();

  const strangers = [await scene.person('Eve'), await scene.person('Bob')];
  for (const stranger of strangers) {
    await stranger.openLink(appointment);
    // The server does not know yet.
    await stranger.expectEnding('full');
  }
  await ann.expectState('reconnecting');
  await each(strangers, (stranger) => stranger.expectCountdown());
  network.repair();
  await each([ann, bob], (person) => person.expectState('connected'));
  await each([ann, bob], (person) => person.expectToSeeAndHear());
  assert.equal(await bob.participant(), participant);
  assert.deepEqual(await bob.refusals(), []);
  for (const stranger of strangers) {
    await stranger.tryNow();
    await stranger.expectEnding('full');
    assert.deepEqual(await stranger.joins(), []);
  }
});

test('both lose their connections at the same time', async () => {
  await expectToSurvive(({ ann, bob }) => Promise.all([ann.loseSocket(), bob.loseSocket()]));
});

test('a browser that is back online before the server noticed anything finds its seat, too', async () => {
  await expectToSurvive(async ({ ann, bob }) => {
    await ann.goOffline();
    await ann.expectState('reconnecting');
    await each([ann, bob], (person) => person.expectToSeeAndHear());
    await ann.goOnline();
  });
});

test('what is written without a server is sent, once, when there is one again', async () => {
  const { ann, bob } = await scene.pair(newAppointment(), { losesServer: true });
  await scene.server.crash();
  await ann.expectState('reconnecting');
  await ann.submit('Are you still there?');
  await ann.expectMessage('Are you still there?', 'sending');
  await scene.server.start();
  await ann.expectMessage('Are you still there?', 'sent');
  await bob.expectMessage('Are you still there?');
  await bob.write('Yes.');
  await each([ann, bob], (person) => person.reload());
  await ann.expectChat(['You: Are you still there?', 'Bob: Yes.']);
  await bob.expectChat(['Ann: Are you still there?', 'You: Yes.']);
});

test('a network that is gone until both look for new paths is found again, and the call goes on in it', async () => {
  const { ann, bob } = await scene.pair(newAppointment(), { losesServer: true });
  const both = [ann, bob];
  await each(both, (person) => person.expectToSeeAndHear());
  const before = await each(both, (person) => person.iceFragment());
  const offers = await each(both, (person) => person.offersMade());
  cutNetwork();
  try {
    await each(both, (person) => person.expectState('reconnecting'));
    await each(both, (person) => person.expectMoreOffersThan(offers[both.indexOf(person)]));
  } finally {
    restoreNetwork();
  }
  await each(both, (person) => person.expectState('connected'));
  await each(both, (person) => person.expectToSeeAndHear());
  const after = await each(both, (person) => person.iceFragment());
  for (const index of [0, 1]) assert.notEqual(after[index], before[index]);
  for (const person of both) assert.equal(await person.callsMade(), 1);
});
