// Cameras and microphones: permitted or not, present or not, on or off.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newAppointment } from '../support/appointment.mjs';
import { each, openScene } from '../support/scene.mjs';

const scene = await openScene();

test('a person who denies the devices is told so, and joins and chats', async () => {
  const appointment = newAppointment();
  const ann = await scene.person('Ann', { allows: [] });
  const bob = await scene.person('Bob');
  await ann.join(appointment);
  await ann.call.expectState('waiting');
  assert.match(await ann.devices.notice(), /does not let this page use your camera or microphone/);

  await bob.join(appointment);
  await ann.chat.send('I cannot find my camera.');
  await bob.chat.send('Then let us write.');
  await ann.chat.expectMessages(['You: I cannot find my camera.', 'Bob: Then let us write.']);
  await bob.chat.expectMessages(['Ann: I cannot find my camera.', 'You: Then let us write.']);
});

test('a person without devices sees and hears the other one', async () => {
  const appointment = newAppointment();
  const ann = await scene.person('Ann', { hasDevices: false });
  const bob = await scene.person('Bob');
  // The second to join sends the offer, here without a track.
  await bob.join(appointment);
  await bob.call.expectState('waiting');
  await ann.join(appointment);
  await each([ann, bob], (person) => person.call.expectState('connected'));
  await ann.media.expectToSeeAndHear();
  assert.match(await ann.devices.notice(), /found no camera or microphone/);
});

test('a camera that is permitted during the call joins it without a click', async () => {
  const appointment = newAppointment();
  const ann = await scene.person('Ann', { allows: ['microphone'] });
  const bob = await scene.person('Bob');
  await bob.join(appointment);
  await ann.join(appointment);
  await each([ann, bob], (person) => person.call.expectState('connected'));
  await ann.media.expectToSeeAndHear();
  await bob.media.expectToHear();
  assert.match(await ann.devices.notice(), /does not let this page use your camera\./);

  await ann.devices.allow();
  await ann.devices.expectNoNotice();
  await bob.media.expectToSeeAndHear();
  await ann.media.expectToSeeAndHear();
  for (const person of [ann, bob]) assert.equal(await person.connection.connectionCount(), 1);
});

test('a muted microphone is silent until unmuted', async () => {
  const { ann, bob } = await scene.pair(newAppointment());
  await ann.media.expectToHear();
  await bob.call.pressMute();
  await ann.media.expectSilence();
  await bob.call.pressMute();
  await ann.media.expectToSeeAndHear();
});

test('a camera that is off is black and released until it is on again', async () => {
  const { ann, bob } = await scene.pair(newAppointment());
  await ann.media.expectToSeeAndHear();
  await bob.call.pressCamera();
  await ann.media.expectBlackPicture();
  await bob.devices.expectInUse(['audio']);
  await bob.call.pressCamera();
  await ann.media.expectBrightPicture();
  await ann.media.expectToSeeAndHear();
});

test('before joining, people see their video and the level of their microphone', async () => {
  const ann = await scene.person('Ann');
  await ann.openPreJoin(newAppointment());
  await ann.devices.expectOwnPicture();
  await ann.devices.expectLevel();
});

test('devices opened before joining are used in the call without another prompt', async () => {
  const appointment = newAppointment();
  const ann = await scene.person('Ann');
  const bob = await scene.person('Bob');
  await bob.openLink(appointment);
  await ann.openPreJoin(appointment);
  await ann.devices.expectOwnPicture();
  await ann.enter();
  await each([ann, bob], (person) => person.media.expectToSeeAndHear());
  assert.equal(await ann.devices.requestCount(), 1);
});

test('a person who joins muted and with the camera off stays so, also after a reload', async () => {
  const appointment = newAppointment();
  const ann = await scene.person('Ann');
  const bob = await scene.person('Bob');
  await bob.openLink(appointment);
  await ann.openPreJoin(appointment);
  await ann.devices.expectOwnPicture();
  await ann.devices.muteBeforeJoining();
  await ann.devices.turnCameraOffBeforeJoining();
  await ann.enter();
  await each([ann, bob], (person) => person.call.expectState('connected'));
  await ann.media.expectToSeeAndHear();
  await bob.media.expectSilence();
  await ann.devices.expectInUse(['audio']);

  await ann.reload();
  await ann.call.expectState('connected');
  await ann.media.expectToSeeAndHear();
  await ann.devices.expectInUse(['audio']);
  await bob.media.expectSilence();
});

test('chosen devices are used in the call, after a reload, and on the next visit', async () => {
  const ann = await scene.person('Ann');
  await ann.openPreJoin(newAppointment());
  await ann.devices.expectOwnPicture();
  await ann.devices.choose('microphone', 'Fake Audio Input 2');
  await ann.devices.choose('camera', 'fake_device_1');
  await ann.devices.choose('speaker', 'Fake Audio Output 1');
  const chosen = ['Fake Audio Input 2', 'fake_device_1'];
  assert.deepEqual(await ann.devices.labelsInUse(), chosen);
  await ann.enter();
  await ann.call.expectState('waiting');
  assert.deepEqual(await ann.devices.labelsInUse(), chosen);
  await ann.reload();
  await ann.call.expectState('waiting');
  await ann.devices.expectInUse(['audio', 'video']);
  assert.deepEqual(await ann.devices.labelsInUse(), chosen);

  await ann.call.leave();
  await ann.openPreJoin(newAppointment());
  await ann.devices.expectChosen('microphone', 'Fake Audio Input 2');
  await ann.devices.expectChosen('camera', 'fake_device_1');
  await ann.devices.expectChosen('speaker', 'Fake Audio Output 1');
});

test('help names each device’s problem, and disappears when it is solved', async () => {
  const ann = await scene.person('Ann', { allows: ['microphone'] });
  await ann.openPreJoin(newAppointment());
  await ann.devices.expectHelp(['denied']);
  await ann.devices.expectLevel();
  await ann.devices.allow();
  await ann.devices.expectHelp([]);
  await ann.devices.expectOwnPicture();
});

test('a person without devices is told before joining, and can join', async () => {
  const ann = await scene.person('Ann', { hasDevices: false });
  await ann.openPreJoin(newAppointment());
  await ann.devices.expectHelp(['absent']);
  await ann.enter();
  await ann.call.expectState('waiting');
});
