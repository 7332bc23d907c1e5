// Every event is acknowledged when the client asks for an ack, with the fields of the contract.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { connect, connectPair, newAppointment } from '../support/client.mjs';
import { MODES_AT_ALL_PATHS } from '../support/modes.mjs';
import { startServer } from '../support/server.mjs';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const server = await startServer();

describe('every event is acknowledged', { concurrency: 3 }, () => {
  for (const mode of MODES_AT_ALL_PATHS) {
    test(`over ${mode.name}`, async () => {
      const appointment_id = newAppointment();
      const ann = await connect(server, mode);
      const { participant, session, ...joined } = await ann.ask('join_room', { appointment_id, name: ' Ann ' });
      assert.match(participant, UUID);
      assert.match(session, /^[\w-]{40,}$/);
      assert.deepEqual(joined, {
        success: true,
        message: 'Joined Successfully',
        remoteSocket: null,
        opponent_name: null,
        chats: [],
        chats_available: true,
        resumed: false,
        polite: false,
        peer_connected: false,
        seq: 0,
        iceServers: [],
        iceServersTtl: null,
        turnUrls: [],
        limits: { event_bytes: 131_072 },
      });

      const bob = await connect(server, mode);
      const reply = await bob.join(appointment_id, 'Bob');
      assert.deepEqual(
        [reply.remoteSocket, reply.opponent_name, reply.polite, reply.peer_connected],
        [participant, 'Ann', true, true],
      );
      assert.deepEqual(await ann.next('peer_joined'), { remoteSocket: bob.id, opponent_name: 'Bob', seq: 1 });

      const done = { success: true };
      const to = { remoteSocketId: participant };
      assert.deepEqual(await bob.ask('send_offer', { appointment_id, offer: {}, ...to }), done);
      assert.deepEqual(await ann.next('receive_offer'), { from: bob.id, offer: {}, name: 'Bob', seq: 2 });
      assert.deepEqual(await bob.ask('send_answer', { appointment_id, answer: {}, ...to }), done);
      assert.deepEqual(await ann.next('receive_answer'), { from: bob.id, answer: {}, seq: 3 });
      assert.deepEqual(await bob.ask('ice_candidate', { candidate: {}, ...to }), done);
      assert.deepEqual(await ann.next('ice_candidate'), { candidate: {}, seq: 4 });

      const { sent_at, ...sent } = await bob.ask('send_message', { id: 'm 1', body: 'hello' });
      assert.deepEqual(sent, { success: true, id: 'm 1' });
      assert.match(sent_at, RFC_3339);
      const message = { id: 'm 1', from: bob.id, name: 'Bob', body: 'hello', sent_at, seq: 5 };
      assert.deepEqual(await ann.next('receive_message'), message);
      const unnamed = await bob.ask('send_message', { body: 'hello' });
      assert.match(unnamed.id, UUID);

      assert.deepEqual(await bob.ask('leave_room'), done);
      const { message: why, ...left } = await ann.next('user_left');
      assert.deepEqual(left, { remoteSocket: bob.id, seq: 7 });
      assert.ok(why.length > 0);
      assert.deepEqual([...ann.all('error'), ...bob.all('error')], []);
    });
  }
});

test('every event of a burst is acknowledged', async () => {
  const { ann, bob } = await connectPair(server, MODES_AT_ALL_PATHS[0]);
  const acks = await Promise.all(Array.from({ length: 100 }, (_, number) => ann.candidate(bob, { number })));
  assert.equal(acks.length, 100);
});
