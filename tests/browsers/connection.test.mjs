// The check of the connection before joining, with a real browser's own view of the network.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newAppointment } from './support/appointment.mjs';
import { openScene } from './support/scene.mjs';
import { startStun } from './support/stun.mjs';

const scene = await openScene();

/** What the server says of STUN and TURN to somebody without a seat. */
async function tellIceServers({ page }, { stun, turn }) {
  const answer = { iceServers: stun ? [{ urls: [stun] }] : [], ttl: null, turnUrls: turn ? [turn] : [] };
  await page.route('**/api/v1/ice-servers', (route) => route.fulfill({ json: answer }));
}

async function personAtDoor(servers) {
  const ann = await scene.person('Ann');
  await tellIceServers(ann, servers);
  await ann.goToDoor(newAppointment());
  return ann;
}

test('where STUN and TURN answer, all is well', async () => {
  const servers = await startStun();
  try {
    const ann = await personAtDoor(servers);
    assert.deepEqual(await ann.checkConnection(), {
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

test('a TURN server that is silent is noticed', async () => {
  const { stun, stop } = await startStun();
  const silent = await startStun();
  silent.stop();
  try {
    const ann = await personAtDoor({ stun, turn: silent.turn });
    const { verdict, relay } = await ann.checkConnection();
    assert.deepEqual({ verdict, relay }, { verdict: 'doubtful', relay: 'bad' });
  } finally {
    stop();
  }
});

test('what the server does not have set up is called so', async () => {
  const ann = await personAtDoor({});
  const { verdict, stun, relay } = await ann.checkConnection();
  assert.deepEqual({ verdict, stun, relay }, { verdict: 'doubtful', stun: 'none', relay: 'none' });
});

test('whoever has checked the connection can join as before', async () => {
  const ann = await personAtDoor({});
  await ann.checkConnection();
  await ann.enter();
  await ann.expectState('waiting');
});
