// Connections of a page: to its own server and to the other participant only. Every test checks this with
// `Conduct`; this file covers the rest, and `Conduct` itself.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newAppointment } from './support/appointment.mjs';
import { openScene } from './support/scene.mjs';

const scene = await openScene();

test('a media connection has no ICE servers when none are configured', async () => {
  const { ann, bob } = await scene.pair(newAppointment());
  for (const person of [ann, bob]) assert.deepEqual(await person.connection.iceServers(), []);
});

test('a person who leaves, or finds a full room, releases the devices', async () => {
  const appointment = newAppointment();
  const { ann, bob } = await scene.pair(appointment);
  for (const person of [ann, bob]) assert.deepEqual(await person.devices.kindsInUse(), ['audio', 'video']);

  const eve = await scene.person('Eve');
  await eve.openLink(appointment);
  await eve.call.expectState('full');
  assert.deepEqual(await eve.devices.kindsInUse(), []);
  await ann.call.leave();
  assert.deepEqual(await ann.devices.kindsInUse(), []);
});

test('errors, dialogs, policy violations and foreign addresses are detected', async () => {
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
  const violations = ann.conduct.takeViolations().join('\n');
  assert.match(violations, /uncaught: Error: thrown on purpose/);
  assert.match(violations, /dialog: opened on purpose/);
  assert.match(violations, /error on the console: complained on purpose/);
  assert.match(violations, /violates the Content-Security-Policy: connect-src/);
  assert.match(violations, /talked to http:\/\/stranger\.example\//);
});
