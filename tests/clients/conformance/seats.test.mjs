// The two seats of a room: claims, notifications and departures.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CAN_RESUME, connect, connectAndJoin, connectPair, newAppointment } from '../support/client.mjs';
import { MODES, MODES_AT_ALL_PATHS } from '../support/modes.mjs';
import { startServer } from '../support/server.mjs';

const server = await startServer();

/** Checks that both receive each other's signals, and got no other event. */
async function assertStillTalking(ann, bob) {
  const before = [ann.heard.length, bob.heard.length];
  await ann.candidate(bob, { candidate: 'from Ann' });
  await bob.candidate(ann, { candidate: 'from Bob' });
  assert.equal((await bob.next('ice_candidate')).candidate.candidate, 'from Ann');
  assert.equal((await ann.next('ice_candidate')).candidate.candidate, 'from Bob');
  assert.deepEqual(ann.heard.slice(before[0]), ['ice_candidate']);
  assert.deepEqual(bob.heard.slice(before[1]), ['ice_candidate']);
}

describe('a room', { concurrency: 4 }, () => {
  for (const mode of MODES_AT_ALL_PATHS) {
    for (const [whose, extra] of [['that can resume', CAN_RESUME], ['that cannot', {}]]) {
      test(`pairs the first two clients ${whose} and refuses the third over ${mode.name}`, async () => {
        const { ann, bob, appointment } = await connectPair(server, mode, newAppointment(), extra);
        assert.equal(bob.reply.remoteSocket, ann.id);
        assert.equal(bob.reply.opponent_name, 'Ann');
        assert.deepEqual([ann.reply.polite, bob.reply.polite], [false, true]);

        const before = [ann.heard.length, bob.heard.length];
        const eve = await connect(server, mode);
        for (const name of ['Eve', 'Bob']) {
          const refusal = await eve.refused('join_room', { appointment_id: appointment, name, ...extra });
          assert.deepEqual(refusal, { code: 'room_full' }, 'no lease is about to end');
        }
        assert.deepEqual(eve.heard, ['error', 'error'], 'the third learns nothing about the two');
        assert.deepEqual([ann.heard.length, bob.heard.length], before, 'the two are told nothing about the third');
        await assertStillTalking(ann, bob);
      });
    }

    test(`seats a socket once, however often it joins, over ${mode.name}`, async () => {
      const appointment = newAppointment();
      const ann = await connectAndJoin(server, mode, appointment, 'Ann');
      const again = await ann.join(appointment, 'Ann');
      assert.equal(again.participant, ann.replies[0].participant);
      assert.equal(again.remoteSocket, null);

      const bob = await connectAndJoin(server, mode, appointment, 'Bob');
      assert.equal(bob.reply.remoteSocket, ann.id);
      await ann.next('peer_joined');
      const third = await ann.join(appointment, 'Ann');
      assert.deepEqual([third.remoteSocket, third.opponent_name], [bob.id, 'Bob']);
      await assertStillTalking(ann, bob);
      assert.deepEqual(bob.heard, ['joined_successfully', 'ice_candidate']);
    });

    test(`pairs the next participant with the one who stayed over ${mode.name}`, async () => {
      const { ann, bob, appointment } = await connectPair(server, mode);
      await ann.tell('leave_room', {});
      assert.equal((await bob.next('user_left')).remoteSocket, ann.id);

      const carol = await connectAndJoin(server, mode, appointment, 'Carol');
      assert.deepEqual([carol.reply.remoteSocket, carol.reply.opponent_name], [bob.id, 'Bob']);
      const { remoteSocket, opponent_name } = await bob.next('peer_joined');
      assert.deepEqual([remoteSocket, opponent_name], [carol.id, 'Carol']);
      assert.deepEqual([bob.reply.polite, carol.reply.polite], [true, true]);
      await assertStillTalking(carol, bob);
    });
  }

  for (const mode of MODES) {
    test(`gives a new id to a participant who left and returns over ${mode.name}`, async () => {
      const { ann, bob, appointment } = await connectPair(server, mode);
      const before = bob.id;
      await bob.tell('leave_room', {});
      await ann.next('user_left');
      assert.deepEqual(await bob.refused('ice_candidate', { remoteSocketId: ann.id, candidate: null }), {
        code: 'not_joined',
      });
      await bob.join(appointment, 'Bob');
      assert.notEqual(bob.id, before);
      assert.equal((await ann.next('peer_joined')).remoteSocket, bob.id);
      await assertStillTalking(ann, bob);
    });

    test(`sends user_left exactly once after a disconnect over ${mode.name}`, async () => {
      const { ann, bob, appointment } = await connectPair(server, mode);
      bob.socket.disconnect();
      assert.equal((await ann.next('user_left')).remoteSocket, bob.id);
      const carol = await connectAndJoin(server, mode, appointment, 'Carol');
      await ann.next('peer_joined');
      await assertStillTalking(ann, carol);
      assert.equal(ann.all('user_left').length, 1);
      assert.deepEqual(ann.all('peer_reconnecting'), []);
    });

    test(`sends user_left exactly once after leave_room and a disconnect over ${mode.name}`, async () => {
      const { ann, bob, appointment } = await connectPair(server, mode);
      bob.socket.emit('leave_room');
      bob.socket.disconnect();
      await ann.next('user_left');
      const carol = await connectAndJoin(server, mode, appointment, 'Carol');
      await ann.next('peer_joined');
      await assertStillTalking(ann, carol);
      assert.equal(ann.all('user_left').length, 1);
    });

    test(`is the only room of a connection over ${mode.name}`, async () => {
      const { ann, bob } = await connectPair(server, mode);
      const refusal = await ann.refused('join_room', { appointment_id: newAppointment(), name: 'Ann' });
      assert.deepEqual(refusal, { code: 'already_joined' });
      await assertStillTalking(ann, bob);
    });
  }

  test('has one name in every Unicode form and padding', async () => {
    const id = newAppointment();
    const ann = await connectAndJoin(server, MODES[0], `  Caf\u00e9 ${id}\n`, 'Ann');
    const bob = await connectAndJoin(server, MODES[0], `Cafe\u0301 ${id}`, 'Bob');
    assert.equal(bob.reply.remoteSocket, ann.id);
    await bob.offer(ann);
    assert.equal((await ann.next('receive_offer')).from, bob.id);
  });

  test('seats two of twenty simultaneous newcomers, and each of the two is told of the other once', async () => {
    const appointment = newAppointment();
    const crowd = await Promise.all(Array.from({ length: 20 }, () => connect(server, MODES[0])));
    const answers = await Promise.all(
      crowd.map((client, index) => client.ask('join_room', { appointment_id: appointment, name: `Guest ${index}` })),
    );
    const seated = crowd.filter((_, index) => answers[index].success);
    assert.equal(seated.length, 2);
    for (const { success, error } of answers) assert.ok(success || error.code === 'room_full');
    const replies = await Promise.all(seated.map((client) => client.next('joined_successfully')));
    const [first, second] = replies[0].polite ? [1, 0] : [0, 1];
    assert.equal(replies[first].remoteSocket, null);
    assert.equal(replies[second].remoteSocket, replies[first].participant);
    assert.equal((await seated[first].next('peer_joined')).remoteSocket, replies[second].participant);
    assert.deepEqual(seated[second].heard, ['joined_successfully']);
  });
});
