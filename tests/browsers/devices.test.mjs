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

test('a camera that is allowed late joins the call that goes on already, without a click', async () => {
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
  await ann.expectNoNotice();
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

test('a camera that is switched off shows nothing and is given back, until it is on again', async () => {
  const { ann, bob } = await scene.pair(newAppointment());
  await ann.expectToSeeAndHear();
  await bob.pressCamera();
  await ann.expectDarkness();
  await bob.expectDevicesInUse(['audio']);
  await bob.pressCamera();
  await ann.expectLight();
  await ann.expectToSeeAndHear();
});

test('before joining, people see themselves move and their voice move the bar', async () => {
  const ann = await scene.person('Ann');
  await ann.goToDoor(newAppointment());
  await ann.expectToSeeThemselves();
  await ann.expectLevel();
});

test('what was opened before joining goes on in the call: nobody is asked twice', async () => {
  const appointment = newAppointment();
  const ann = await scene.person('Ann');
  const bob = await scene.person('Bob');
  await bob.openLink(appointment);
  await ann.goToDoor(appointment);
  await ann.expectToSeeThemselves();
  await ann.enter();
  await each([ann, bob], (person) => person.expectToSeeAndHear());
  assert.equal(await ann.questions(), 1);
});

test('whoever goes in muted and with the camera off is neither heard nor seen, nor after a reload', async () => {
  const appointment = newAppointment();
  const ann = await scene.person('Ann');
  const bob = await scene.person('Bob');
  await bob.openLink(appointment);
  await ann.goToDoor(appointment);
  await ann.expectToSeeThemselves();
  await ann.muteAtDoor();
  await ann.darkenAtDoor();
  await ann.enter();
  await each([ann, bob], (person) => person.expectState('connected'));
  await ann.expectToSeeAndHear();
  await bob.expectSilence();
  await ann.expectDevicesInUse(['audio']);

  await ann.reload();
  await ann.expectState('connected');
  await ann.expectToSeeAndHear();
  await ann.expectDevicesInUse(['audio']);
  await bob.expectSilence();
});

test('the devices that were chosen are those of the call, of a reload, and of the next visit', async () => {
  const ann = await scene.person('Ann');
  await ann.goToDoor(newAppointment());
  await ann.expectToSeeThemselves();
  await ann.chooseDevice('microphone', 'Fake Audio Input 2');
  await ann.chooseDevice('camera', 'fake_device_1');
  await ann.chooseDevice('speaker', 'Fake Audio Output 1');
  const chosen = ['Fake Audio Input 2', 'fake_device_1'];
  assert.deepEqual(await ann.tracksInUse(), chosen);
  await ann.enter();
  await ann.expectState('waiting');
  assert.deepEqual(await ann.tracksInUse(), chosen);
  await ann.reload();
  await ann.expectState('waiting');
  await ann.expectDevicesInUse(['audio', 'video']);
  assert.deepEqual(await ann.tracksInUse(), chosen);

  await ann.leave();
  await ann.goToDoor(newAppointment());
  await ann.expectDevice('microphone', 'Fake Audio Input 2');
  await ann.expectDevice('camera', 'fake_device_1');
  await ann.expectDevice('speaker', 'Fake Audio Output 1');
});

test('help names the problem, device by device, and goes when it is solved', async () => {
  const ann = await scene.person('Ann', { allows: ['microphone'] });
  await ann.goToDoor(newAppointment());
  await ann.expectHelp(['denied']);
  await ann.expectLevel();
  await ann.allowDevices();
  await ann.expectHelp([]);
  await ann.expectToSeeThemselves();
});

test('whoever has no devices is told before joining, and gets in all the same', async () => {
  const ann = await scene.person('Ann', { hasDevices: false });
  await ann.goToDoor(newAppointment());
  await ann.expectHelp(['absent']);
  await ann.enter();
  await ann.expectState('waiting');
});
