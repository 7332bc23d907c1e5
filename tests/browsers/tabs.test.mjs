// One browser, several tabs: whoever opens the appointment again is asked whether they want to go on in the new tab, and
// nothing that a closed tab left behind is in the way.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newAppointment } from './support/appointment.mjs';
import { each, openScene } from './support/scene.mjs';

const scene = await openScene();

test('a second tab takes the seat over when asked to, the first one says so and can take it back', async () => {
  const appointment = newAppointment();
  const { ann, bob } = await scene.pair(appointment);
  const participant = await ann.participant();

  const annElsewhere = await ann.openTab(appointment);
  await annElsewhere.expectEnding('other-tab');
  await ann.expectState('connected');
  await annElsewhere.useThisTab();
  await ann.expectState('replaced');
  await each([annElsewhere, bob], (person) => person.expectState('connected'));
  await each([annElsewhere, bob], (person) => person.expectToSeeAndHear());
  assert.equal(await annElsewhere.participant(), participant);

  await ann.comeBack();
  await annElsewhere.expectState('replaced');
  await each([ann, bob], (person) => person.expectState('connected'));
  await each([ann, bob], (person) => person.expectToSeeAndHear());
  assert.equal(await ann.participant(), participant);
});

test('a duplicated tab is asked as well', async () => {
  const { ann } = await scene.pair(newAppointment());
  const copy = await ann.duplicateTab();
  await copy.expectEnding('other-tab');
  await copy.useThisTab();
  await copy.expectState('connected');
  await ann.expectState('replaced');
});

test('two people who share a browser sit in two tabs, and a reload asks neither of them', async () => {
  const appointment = newAppointment();
  const ann = await scene.person('Ann');
  await ann.openLink(appointment);
  await ann.expectState('waiting');

  const bob = await ann.openTab(appointment, 'Bob');
  await bob.expectEnding('other-tab');
  await bob.joinAsAnother();
  await each([ann, bob], (person) => person.expectState('connected'));
  await each([ann, bob], (person) => person.expectToSeeAndHear());

  const participants = await each([ann, bob], (person) => person.participant());
  assert.notEqual(participants[0], participants[1]);
  for (const person of [ann, bob]) {
    await person.reload();
    await each([ann, bob], (one) => one.expectState('connected'));
  }
  assert.deepEqual(await each([ann, bob], (person) => person.participant()), participants);
});

test('whoever closed the tab finds the seat again in a new one, unasked', async () => {
  const appointment = newAppointment();
  const { ann, bob } = await scene.pair(appointment);
  const participant = await ann.participant();
  const annAgain = await ann.openTab('another appointment');
  await ann.closeTab();
  await annAgain.openLink(appointment);
  await each([annAgain, bob], (person) => person.expectState('connected'));
  assert.equal(await annAgain.participant(), participant);

  await annAgain.leave();
  await bob.expectState('waiting');
  await annAgain.comeBack();
  await each([annAgain, bob], (person) => person.expectState('connected'));
  assert.notEqual(await annAgain.participant(), participant);
});
