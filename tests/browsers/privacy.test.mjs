// Whom a page talks to: its own server, the other person, and nobody else. Every test is watched over in this respect;
// here is what that does not cover, and the proof that the watch is awake.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newAppointment } from './support/appointment.mjs';
import { openScene } from './support/scene.mjs';

const scene = await openScene();

test('a media connection asks no server in the world for its way, as none is configured', async () => {
  const { ann, bob } = await scene.pair(newAppointment());
  for (const person of [ann, bob]) assert.deepEqual(await person.iceServers(), []);
});

test('whoever leaves, or is told that the room is full, gives camera and microphone back', async () => {
  const appointment = newAppointment();
  const { ann, bob } = await scene.pair(appointment);
  for (const person of [ann, bob]) assert.deepEqual(await person.devicesInUse(), ['audio', 'video']);

  const eve = await scene.person('Eve');
  await eve.openLink(appointment);
  await eve.expectState('full');
  assert.deepEqual(await eve.devicesInUse(), []);
  await ann.leave();
  assert.deepEqual(await ann.devicesInUse(), []);
});

test('the watch notices errors, dialogs, violations of the policy and strange addresses', async () => {
  const ann = await scene.person('Ann');
  await ann.openFirstPage();
  await ann.page.evaluate(async () => {
    setTimeout(() => {
      throw new Error('thrown on purpose');
    });
    alert('opened on purpose');
    const violation = new Promise((resolve) => document.addEventListener('securitypolicyviolation', resolve));
    await fetch('https://stranger.example/').catch(() => console.error('complained on purpose'));
    await violation;
  });
  await ann.page.goto('http://stranger.example/').catch(() => {});
  const offences = ann.conduct.pardon().join('\n');
  assert.match(offences, /uncaught: Error: thrown on purpose/);
  assert.match(offences, /dialog: opened on purpose/);
  assert.match(offences, /error on the console: complained on purpose/);
  assert.match(offences, /violates the Content-Security-Policy: connect-src/);
  assert.match(offences, /talked to http:\/\/stranger\.example\//);
});
