// The connection check before joining, in a real browser.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newAppointment } from './support/appointment.mjs';
import { openScene } from './support/scene.mjs';
import { startStun } from './support/stun.mjs';

const scene = await openScene();

/** The server's ICE servers for a client without a seat. */
async function tellIceServers({ page }, { stun, turn }) {
  const answer = { iceServers: stun ? [{ urls: [stun] }] : [], ttl: null, turnUrls: turn ? [turn] : [] };
  await page.route('**/api/v1/ice-servers', (route) => route.fulfill({ json: answer }));
}

async function personAtDoor(servers) {
  const ann = await scene.person('Ann');
  await tellIceServers(ann, servers);
  await ann.openPreJoin(newAppointment());
  return ann;
}

test('the check is good where STUN and TURN answer', async () => {
  const servers = await startStun();
  try {
    const ann = await personAtDoor(servers);
    assert.deepEqual(await ann.connection.check(), {
      verdict: 'good',
      server: 'good',
      webSocket: 'good',
      local: 'good',
      stun: 'good',
      relay: 'good',
    });
  } finally {
    servers.stop();
  }
});

test('the check reports a silent TURN server', async () => {
  const { stun, stop } = await startStun();
  const silent = await startStun();
  silent.stop();
  try {
    const ann = await personAtDoor({ stun, turn: silent.turn });
    const { verdict, relay } = await ann.connection.check();
    assert.deepEqual({ verdict, relay }, { verdict: 'doubtful', relay: 'bad' });
  } finally {
    stop();
  }
});

test('the check reports ICE servers that are not configured', async () => {
  const ann = await personAtDoor({});
  const { verdict, stun, relay } = await ann.connection.check();
  assert.deepEqual({ verdict, stun, relay }, { verdict: 'doubtful', stun: 'none', relay: 'none' });
});

test('a person can join after the check', async () => {
  const ann = await personAtDoor({});
  await ann.connection.check();
  await ann.enter();
  await ann.call.expectState('waiting');
});
