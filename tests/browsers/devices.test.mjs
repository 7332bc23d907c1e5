// Cameras and microphones: allowed or not, there or not, on or off.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newAppointment } from './support/appointment.mjs';
import { each, openScene } from './support/scene.mjs';

const scene = await openScene();

test('whoever allows neither camera nor microphone is told so, and joins and writes all the same', async () => {
  const appointment = newAppointment();
  const ann = await scene.person('Ann', { allows: [] });
  const bob = await scene.person('Bob');
  await ann.join(appointment);
  await ann.expectState('waiting');
  assert.match(await ann.notice(), /does not let this page use your camera or microphone/);

  await bob.join(appointment);
  await ann.write('I cannot find my camera.');
  await bob.write('Then let us write.');
  await ann.expectChat(['You: I cannot find my camera.', 'Bob: Then let us write.']);
  await bob.expectChat(['Ann: I cannot find my camera.', 'You: Then let us write.']);
});

test('whoever has neither camera nor microphone sees and hears the other one', async () => {
  const appointment = newAppointment();
  const ann = await scene.person('Ann', { hasDevices: false });
  const bob = await scene.person('Bob');
  // Whoever comes second calls: with nothing to offer, in this case.
  await bob.join(appointment);
  await bob.expectState('waiting');
  await ann.join(appointment);
  await each([ann, bob], (person) => person.expectState('connected'));
  await ann.expectToSeeAndHear();
  assert.match(await ann.notice(), /found no camera or microphone/);
});

test('a camera that is allowed late joins the call that goes on already', async () => {
  const appointment = newAppointment();
  const ann = await scene.person('Ann', { allows: ['microphone'] });
  const bob = await scene.person('Bob');
  await bob.join(appointment);
  await ann.join(appointment);
  await each([ann, bob], (person) => person.expectState('connected'));
  await ann.expectToSeeAndHear();
  await bob.expectToHear();
  assert.match(await ann.notice(), /does not let this page use your camera\./);

  await ann.allowDevices();
  await bob.expectToSeeAndHear();
  await ann.expectToSeeAndHear();
  for (const person of [ann, bob]) assert.equal(await person.callsMade(), 1);
});

test('muted means silent, until it is not', async () => {
  const { ann, bob } = await scene.pair(newAppointment());
  await ann.expectToHear();
  await bob.pressMute();
  await ann.expectSilence();
  await bob.pressMute();
  await ann.expectToSeeAndHear();
});

test('a camera that is switched off shows nothing, until it is on again', async () => {
  const { ann, bob } = await scene.pair(newAppointment());
  await ann.expectToSeeAndHear();
  await bob.pressCamera();
  await ann.expectDarkness();
  await bob.pressCamera();
  await ann.expectLight();
  await ann.expectToSeeAndHear();
});
