// A failed upgrade has no effect: the session continues over long polling.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, connectAndJoin, newAppointment } from '../support/client.mjs';
import { MODES } from '../support/modes.mjs';
import { startProxy } from '../support/proxy.mjs';
import { startServer } from '../support/server.mjs';

const server = await startServer();

test('behind a proxy that swallows WebSocket frames, a call is made over long polling', async () => {
  const network = await startProxy(server);
  network.swallowWebSockets();
  const appointment = newAppointment();
  const ann = await connectAndJoin(server, MODES[0], appointment, 'Ann');
  const bob = new Client(network, MODES.at(-1));
  await bob.connected();
  await bob.join(appointment, 'Bob');
  await ann.next('peer_joined');
  for (let number = 0; number < 20; number += 1) {
    await bob.offer(ann, { number });
    assert.equal((await ann.next('receive_offer')).offer.number, number);
    await ann.answer(bob, { number });
    assert.equal((await bob.next('receive_answer')).answer.number, number);
  }
  assert.deepEqual(bob.all('(disconnected)'), []);
  assert.deepEqual(ann.all('peer_reconnecting'), []);
});
