// Two seats and who sits on them: a third has to wait, and whoever leaves makes room.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newAppointment } from './support/appointment.mjs';
import { each, openScene } from './support/scene.mjs';

// A lease so short that nobody waits long for somebody who is gone.
const scene = await openScene({ SEAT_LEASE: '4s' });

test('a third person is told that the room is full, and the pair goes on undisturbed', async () => {
  const appointment = newAppointment();
  const { ann, bob } = await scene.pair(appointment);
  const eve = await scene.person('Eve');
  await eve.openLink(appointment);
  await eve.expectEnding('full');

  await each([ann, bob], (person) => person.expectToSeeAndHear());
  await each([ann, bob], (person) => person.expectState('connected'));
  for (const person of [ann, bob]) assert.equal(await person.callsMade(), 1);

  await bob.leave();
  await eve.tryNow();
  await each([ann, eve], (person) => person.expectState('connected'));
  await each([ann, eve], (person) => person.expectToSeeAndHear());
});

test('leaving ends the call for both: one is told so, the other one waits', async () => {
  const { ann, bob } = await scene.pair(newAppointment());
  await bob.leave();
  await ann.expectState('waiting');
  await ann.leave();
});

test('whoever left by mistake goes straight back in, and the call begins anew', async () => {
  const { ann, bob } = await scene.pair(newAppointment());
  await ann.write('Wait!');
  await bob.leave();
  await ann.expectState('waiting');
  await bob.comeBack();
  await each([ann, bob], (person) => person.expectState('connected'));
  await each([ann, bob], (person) => person.expectToSeeAndHear());
  await bob.expectChat(['Ann: Wait!']);
});

test('whoever closes the tab is missed at first and given up later, and can come back', async () => {
  const appointment = newAppointment();
  const { ann, bob } = await scene.pair(appointment);
  await bob.closeTab();
  await ann.expectState('reconnecting');
  await ann.expectState('waiting');

  const bobAgain = await scene.person('Bob');
  await bobAgain.openLink(appointment);
  await each([ann, bobAgain], (person) => person.expectState('connected'));
  await each([ann, bobAgain], (person) => person.expectToSeeAndHear());
});

test('whoever goes back by mistake is missed, not gone, and comes forward to the same seat', async () => {
  const appointment = newAppointment();
  const ann = await scene.person('Ann');
  const bob = await scene.person('Bob');
  await ann.join(appointment);
  await bob.openLink(appointment);
  await each([ann, bob], (person) => person.expectState('connected'));
  const participant = await ann.participant();

  await ann.page.goBack();
  await ann.page.getByTestId('appointment-input').waitFor();
  await bob.expectState('reconnecting');
  await ann.page.goForward();
  await each([ann, bob], (person) => person.expectState('connected'));
  await each([ann, bob], (person) => person.expectToSeeAndHear());
  assert.equal(await ann.participant(), participant);
});
