// Published versions of socket.io-client, each over each transport: docs/mesh.md lists them.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { io as io_4_8 } from 'socket.io-client';
import io_2_5 from 'socket.io-client-2.5';
import { io as io_3_1 } from 'socket.io-client-3.1';
import { io as io_4_0 } from 'socket.io-client-4.0';
import { Client, newAppointment } from '../support/client.mjs';
import { MODES } from '../support/modes.mjs';
import { startServer } from '../support/server.mjs';

const server = await startServer();

const VERSIONS = { '3.1': io_3_1, '4.0': io_4_0, '4.8': io_4_8 };

/** Without `transports`, the library polls and then upgrades. */
const WAYS = [...MODES, { ...MODES[0], name: 'its default transports', transports: undefined }];

describe('a version of socket.io-client', { concurrency: 4 }, () => {
  for (const [version, connectSocket] of Object.entries(VERSIONS)) {
    for (const mode of WAYS) {
      test(`${version} calls, chats, comes back and leaves over ${mode.name}`, () => callAndLeave(connectSocket, mode));
    }
  }
});

describe('socket.io-client 2.5', { concurrency: 3 }, () => {
  for (const { name, transports } of WAYS) {
    test(`reads why it cannot connect over ${name}`, async () => {
      const socket = io_2_5(server.url, { transports, forceNew: true, reconnection: false });
      const reason = await new Promise((resolve) => socket.on('error', resolve));
      assert.match(reason, /Socket.IO 3 and 4.*use socket.io-client 3 or 4/);
      assert.equal(socket.connected, false);
      socket.close();
    });
  }
});

async function open(connectSocket, mode) {
  const client = new Client(server, mode, { connectSocket });
  await client.connected();
  if (!mode.transports || mode.transports.length > 1) await client.upgraded();
  return client;
}

async function callAndLeave(connectSocket, mode) {
  const appointment = newAppointment();
  const [ann, bob] = [await open(connectSocket, mode), await open(connectSocket, mode)];
  await ann.join(appointment, 'Ann', { session: null });
  await bob.join(appointment, 'Bob', { session: null });
  assert.equal((await ann.next('peer_joined')).remoteSocket, bob.id);

  await bob.offer(ann);
  assert.equal((await ann.next('receive_offer')).from, bob.id);
  await ann.answer(bob);
  await bob.next('receive_answer');
  const candidates = Array.from({ length: 20 }, (_, number) => ({ candidate: `candidate:${number}` }));
  for (const candidate of candidates) bob.socket.emit('ice_candidate', { remoteSocketId: ann.id, candidate });
  for (const candidate of candidates) assert.deepEqual((await ann.next('ice_candidate')).candidate, candidate);
  await ann.tell('send_message', { id: 'one', body: 'hello' });
  assert.equal((await bob.next('receive_message')).body, 'hello');

  const again = await open(connectSocket, mode);
  const reply = await again.join(appointment, 'Bob', { session: bob.reply.session, received: 0 });
  assert.equal(reply.resumed, true);
  assert.equal(again.id, bob.id);
  await bob.next('replaced');
  assert.equal((await again.next('receive_message')).body, 'hello');
  await again.tell('leave_room', {});
  assert.equal((await ann.next('user_left')).remoteSocket, bob.id);
}
