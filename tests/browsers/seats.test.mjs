// The two seats of a room: a third person waits, and a participant who leaves frees a seat.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newAppointment } from './support/appointment.mjs';
import { each, openScene } from './support/scene.mjs';

// A short lease, so that tests do not wait long for a lost seat.
const scene = await openScene({ SEAT_LEASE: '4s' });

test('a third person is told that the room is full, and the pair is undisturbed', async () => {
  const appointment = newAppointment();
  const { ann, bob } = await scene.pair(appointment);
  const eve = await scene.person('Eve');
  await eve.openLink(appointment);
  await eve.expectEnding('full');

  await each([ann, bob], (person) => person.media.expectToSeeAndHear());
  await each([ann, bob], (person) => person.call.expectState('connected'));
  for (const person of [ann, bob]) assert.equal(await person.connection.connectionCount(), 1);

  await bob.call.leave();
  await eve.tryNow();
  await each([ann, eve], (person) => person.call.expectState('connected'));
  await each([ann, eve], (person) => person.media.expectToSeeAndHear());
});

test('leaving ends the call for both, and the other one waits', async () => {
  const { ann, bob } = await scene.pair(newAppointment());
  await bob.call.leave();
  await ann.call.expectState('waiting');
  await ann.call.leave();
});

test('a person who left by mistake rejoins, and the call starts again', async () => {
  const { ann, bob } = await scene.pair(newAppointment());
  await ann.chat.send('Wait!');
  await bob.call.leave();
  await ann.call.expectState('waiting');
  await bob.reopen();
  await each([ann, bob], (person) => person.call.expectState('connected'));
  await each([ann, bob], (person) => person.media.expectToSeeAndHear());
  await bob.chat.expectMessages(['Ann: Wait!']);
});

test('a closed tab loses its connection first and its seat later, and can return', async () => {
  const appointment = newAppointment();
  const { ann, bob } = await scene.pair(appointment);
  await bob.closeTab();
  await ann.call.expectState('reconnecting');
  await ann.call.expectState('waiting');

  const bobAgain = await scene.person('Bob');
  await bobAgain.openLink(appointment);
  await each([ann, bobAgain], (person) => person.call.expectState('connected'));
  await each([ann, bobAgain], (person) => person.media.expectToSeeAndHear());
});

test('a person who navigates back keeps the seat and returns to it by navigating forward', async () => {
  const appointment = newAppointment();
  const ann = await scene.person('Ann');
  const bob = await scene.person('Bob');
  await ann.join(appointment);
  await bob.openLink(appointment);
  await each([ann, bob], (person) => person.call.expectState('connected'));
  const participant = await ann.signaling.participant();

  await ann.page.goBack();
  await ann.page.getByTestId('appointment-input').waitFor();
  await bob.call.expectState('reconnecting');
  await ann.page.goForward();
  await each([ann, bob], (person) => person.call.expectState('connected'));
  await each([ann, bob], (person) => person.media.expectToSeeAndHear());
  assert.equal(await ann.signaling.participant(), participant);
});
