// Events that a client sends in the moment of its connection or upgrade are handled and answered.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { newAppointment } from '../support/client.mjs';
import { joinRaw, openRaw, RawPolling, RawWebSocket } from '../support/raw.mjs';
import { startServer } from '../support/server.mjs';

const CONNECTIONS = 800;
const AT_ONCE = 16;
const server = await startServer();

test('an event sent right after the connection is answered with an event and an ack', async () => {
  let left = CONNECTIONS;
  const connectAgainAndAgain = async () => {
    while (left > 0) {
      left -= 1;
      const client = await openRaw(server, 'websocket');
      client.send('427["leave_room"]');
      assert.match(await client.next('the event'), /^42\["error",/);
      assert.match(await client.next('the ack'), /^437\[/);
      client.terminate();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, connectAgainAndAgain));
});

/**
 * Upgrades to WebSocket before it connects to the namespace: in a browser the two requests may overtake each
 * other.
 */
async function openUpgradedFirst() {
  const polling = (await RawPolling.open(server)).keepPolling();
  const raw = await RawWebSocket.open(server, { sid: polling.sid });
  raw.send('2probe');
  assert.equal(await raw.next(), '3probe');
  await polling.pause();
  raw.send('5');
  raw.send('40');
  await raw.packet('40');
  return raw;
}

describe('a client that upgrades before it connects to the namespace', () => {
  test('keeps its seat when a third participant tries to join', async () => {
    const appointment = newAppointment();
    const [ann, bob] = [await openUpgradedFirst(), await openUpgradedFirst()];
    await joinRaw(ann, appointment, 'Ann');
    await joinRaw(bob, appointment, 'Bob');
    await ann.packet('42["peer_joined"');
    const eve = await openRaw(server, 'websocket');
    eve.send(`421${JSON.stringify(['join_room', { appointment_id: appointment, name: 'Eve' }])}`);
    assert.match(await eve.packet('431['), /"code":"room_full"/);
  });

  test('receives every event of a long call', async () => {
    const appointment = newAppointment();
    const ann = await openUpgradedFirst();
    const { participant } = await joinRaw(ann, appointment, 'Ann');
    const bob = await openRaw(server, 'websocket');
    await joinRaw(bob, appointment, 'Bob');
    const padding = 'x'.repeat(10_000);
    for (let number = 0; number < 100; number += 1) {
      const payload = { remoteSocketId: participant, candidate: { number, padding } };
      bob.send(`42${number}${JSON.stringify(['ice_candidate', payload])}`);
      // One at a time: no queue grows at a client that reads.
      assert.match(await ann.packet('42["ice_candidate"'), new RegExp(`"number":${number},`));
      await bob.packet(`43${number}[`);
    }
  });
});
