// One browser, several tabs: a second tab in an appointment asks whether to use the seat there, and the seat
// of a closed tab is recovered.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newAppointment } from './support/appointment.mjs';
import { each, openScene } from './support/scene.mjs';

const scene = await openScene();

test('a second tab takes the seat over on request, and the first one can take it back', async () => {
  const appointment = newAppointment();
  const { ann, bob } = await scene.pair(appointment);
  const participant = await ann.signaling.participant();

  const annElsewhere = await ann.openTab(appointment);
  await annElsewhere.expectEnding('other-tab');
  await ann.call.expectState('connected');
  await annElsewhere.useThisTab();
  await ann.call.expectState('replaced');
  await each([annElsewhere, bob], (person) => person.call.expectState('connected'));
  await each([annElsewhere, bob], (person) => person.media.expectToSeeAndHear());
  assert.equal(await annElsewhere.signaling.participant(), participant);

  await ann.reopen();
  await annElsewhere.call.expectState('replaced');
  await each([ann, bob], (person) => person.call.expectState('connected'));
  await each([ann, bob], (person) => person.media.expectToSeeAndHear());
  assert.equal(await ann.signaling.participant(), participant);
});

test('a duplicated tab asks as well', async () => {
  const { ann } = await scene.pair(newAppointment());
  const copy = await ann.duplicateTab();
  await copy.expectEnding('other-tab');
  await copy.useThisTab();
  await copy.call.expectState('connected');
  await ann.call.expectState('replaced');
});

test('two people who share a browser use two tabs, and a reload asks neither of them', async () => {
  const appointment = newAppointment();
  const ann = await scene.person('Ann');
  await ann.openLink(appointment);
  await ann.call.expectState('waiting');

  const bob = await ann.openTab(appointment, 'Bob');
  await bob.expectEnding('other-tab');
  await bob.joinAsAnother();
  await each([ann, bob], (person) => person.call.expectState('connected'));
  await each([ann, bob], (person) => person.media.expectToSeeAndHear());

  const participants = await each([ann, bob], (person) => person.signaling.participant());
  assert.notEqual(participants[0], participants[1]);
  for (const person of [ann, bob]) {
    await person.reload();
    await each([ann, bob], (one) => one.call.expectState('connected'));
  }
  assert.deepEqual(await each([ann, bob], (person) => person.signaling.participant()), participants);
});

test('a new tab recovers the seat of a closed one without asking', async () => {
  const appointment = newAppointment();
  const { ann, bob } = await scene.pair(appointment);
  const participant = await ann.signaling.participant();
  const annAgain = await ann.openTab('another appointment');
  await ann.closeTab();
  await annAgain.openLink(appointment);
  await each([annAgain, bob], (person) => person.call.expectState('connected'));
  assert.equal(await annAgain.signaling.participant(), participant);

  await annAgain.call.leave();
  await bob.call.expectState('waiting');
  await annAgain.reopen();
  await each([annAgain, bob], (person) => person.call.expectState('connected'));
  assert.notEqual(await annAgain.signaling.participant(), participant);
});
