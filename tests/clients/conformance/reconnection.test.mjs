// After a lost connection the seat is held, the other side is told, and no event is lost.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CAN_RESUME, connect, connectAndJoin, connectPair, newAppointment } from '../support/client.mjs';
import { MODES } from '../support/modes.mjs';
import { startProxy } from '../support/proxy.mjs';
import { startServer } from '../support/server.mjs';

const server = await startServer();

/** Ann, connected directly; Bob, who joined second, behind a network that can fail. */
async function pairAcrossNetwork(mode, extra = CAN_RESUME) {
  const network = await startProxy(server);
  const appointment = newAppointment();
  const ann = await connectAndJoin(server, mode, appointment, 'Ann', extra);
  const bob = await connectAndJoin(network, mode, appointment, 'Bob', extra);
  await ann.next('peer_joined');
  return { appointment, network, ann, bob };
}

async function lose({ network, ann, bob }) {
  network.break();
  await bob.disconnected();
  assert.equal((await ann.next('peer_reconnecting')).remoteSocket, bob.id);
}

async function comeBack({ network, bob }, extra) {
  network.repair();
  await bob.connected();
  return bob.rejoin(extra);
}

describe('after the connection was lost', { concurrency: true }, () => {
  for (const mode of MODES) {
    test(`the participant gets the same seat back over ${mode.name}`, async () => {
      const pair = await pairAcrossNetwork(mode);
      const { ann, bob } = pair;
      await bob.candidate(ann, { number: 0 });
      await ann.candidate(bob, { number: 1 });
      const { seq: received } = await bob.next('ice_candidate');
      const before = bob.id;

      await lose(pair);
      await ann.offer(bob, { sdp: 'while away' });
      await ann.candidate(bob, { number: 2 });
      await ann.tell('send_message', { id: 'm', body: 'are you there?' });

      const reply = await comeBack(pair, { received });
      assert.equal(reply.resumed, true);
      assert.equal(reply.participant, before);
      assert.deepEqual([reply.remoteSocket, reply.opponent_name, reply.polite], [ann.id, 'Ann', true]);
      assert.equal(reply.seq, received);
      const told = [await bob.next('receive_offer'), await bob.next('ice_candidate'), await bob.next('receive_message')];
      assert.deepEqual(told.map(({ seq }) => seq), [received + 1, received + 2, received + 3]);
      assert.deepEqual(bob.heard.slice(-3), ['receive_offer', 'ice_candidate', 'receive_message']);

      assert.equal((await ann.next('peer_resumed')).remoteSocket, before);
      await bob.answer(ann);
      assert.equal((await ann.next('receive_answer')).from, before);
      const since = ann.heard.slice(ann.heard.indexOf('ice_candidate') + 1);
      assert.deepEqual(since, ['peer_reconnecting', 'peer_resumed', 'receive_answer']);
    });

    test(`the participant is reconnecting for the other side, and a third finds the room full, over ${mode.name}`, async () => {
      const pair = await pairAcrossNetwork(mode);
      await lose(pair);
      const early = await connect(server, mode);
      assert.ok((await early.timeUntilFree(pair.appointment, 'Eve')) > 0);
      const view = await pair.ann.join(pair.appointment, 'Ann');
      assert.equal(view.peer_connected, false);
      assert.equal(view.remoteSocket, pair.bob.id);
      const back = await comeBack(pair);
      assert.equal(back.peer_connected, true);
      await pair.ann.next('peer_resumed');
      const eve = await connect(server, mode);
      const refusal = await eve.refused('join_room', { appointment_id: pair.appointment, name: 'Eve' });
      assert.deepEqual(refusal, { code: 'room_full' });
    });
  }

  test('events after `received` are sent again', async () => {
    const pair = await pairAcrossNetwork(MODES[0]);
    const { ann, bob } = pair;
    for (let number = 1; number <= 5; number += 1) await ann.candidate(bob, { number });
    for (let number = 1; number <= 5; number += 1) await bob.next('ice_candidate');
    await lose(pair);
    const reply = await comeBack(pair, { received: 2 });
    assert.deepEqual([reply.resumed, reply.seq], [true, 2]);
    for (let seq = 3; seq <= 5; seq += 1) {
      const again = await bob.next('ice_candidate');
      assert.deepEqual([again.seq, again.candidate.number], [seq, seq]);
    }
  });

  test('a `received` beyond the last event is answered with a reset', async () => {
    const pair = await pairAcrossNetwork(MODES[0]);
    await lose(pair);
    const reply = await comeBack(pair, { received: 1_000_000 });
    assert.deepEqual([reply.resumed, reply.participant], [false, pair.bob.replies[0].participant]);
    await pair.ann.next('peer_resumed');
  });

  test('a client that missed more than the replay buffer gets a reset and all later events', async () => {
    const pair = await pairAcrossNetwork(MODES[0]);
    const { ann, bob } = pair;
    await lose(pair);
    for (let number = 0; number < 600; number += 1) {
      ann.socket.emit('ice_candidate', { remoteSocketId: bob.id, candidate: { number } });
    }
    await ann.candidate(bob, { number: 600 });
    const reply = await comeBack(pair, { received: 0 });
    assert.equal(reply.resumed, false);
    await ann.candidate(bob, { number: 'after' });
    const next = await bob.next('ice_candidate');
    assert.deepEqual([next.candidate.number, next.seq], ['after', reply.seq + 1]);
  });

  test('the server notices a silently dead network', async () => {
    const { network, ann, bob } = await pairAcrossNetwork(MODES[0]);
    network.fallSilent();
    assert.equal((await ann.next('peer_reconnecting')).remoteSocket, bob.id);
    network.repair();
    await bob.disconnected();
    await bob.connected();
    assert.equal((await bob.rejoin()).resumed, true);
    await ann.next('peer_resumed');
  });

  test('a protected seat behind a dead network goes to no newcomer, before and after the server notices', async () => {
    const { network, appointment, ann, bob } = await pairAcrossNetwork(MODES[0]);
    network.fallSilent();
    const eve = await connect(server, MODES[0]);
    for (const name of ['Eve', 'Bob']) {
      const refusal = await eve.refused('join_room', { appointment_id: appointment, name });
      assert.deepEqual(refusal, { code: 'room_full' });
    }
    await ann.next('peer_reconnecting');
    for (const name of ['Eve', 'Bob']) {
      const timeUntilFree = await eve.timeUntilFree(appointment, name);
      assert.ok(timeUntilFree > 0 && timeUntilFree <= 30_000);
    }
    network.repair();
    await bob.disconnected();
    await bob.connected();
    assert.equal((await bob.rejoin()).resumed, true);
    assert.deepEqual(bob.all('error'), []);
  });

  test('an unprotected seat behind a dead network goes to a newcomer', async () => {
    const { network, appointment, ann, bob } = await pairAcrossNetwork(MODES[0], {});
    network.fallSilent();
    const carol = await connectAndJoin(server, MODES[0], appointment, 'Carol');
    assert.equal(carol.reply.remoteSocket, ann.id);
    assert.equal((await ann.next('user_left')).remoteSocket, bob.id);
    assert.equal((await ann.next('peer_joined')).remoteSocket, carol.id);
    assert.deepEqual(ann.heard, ['joined_successfully', 'peer_joined', 'user_left', 'peer_joined']);
  });

  test('a client that cannot resume gets the seat of its lost connection at once', async () => {
    const pair = await pairAcrossNetwork(MODES[0], {});
    await lose(pair);
    const bob = await connectAndJoin(server, MODES[0], pair.appointment, 'Bob');
    assert.notEqual(bob.id, pair.bob.id);
    assert.equal(bob.reply.remoteSocket, pair.ann.id);
    assert.equal((await pair.ann.next('user_left')).remoteSocket, pair.bob.id);
    assert.equal((await pair.ann.next('peer_joined')).remoteSocket, bob.id);
  });
});

test('a seat whose lease ends is released once, and its token joins as a newcomer', async () => {
  const hasty = await startServer({ SEAT_LEASE: '1s' });
  const network = await startProxy(hasty);
  const appointment = newAppointment();
  const ann = await connectAndJoin(hasty, MODES[0], appointment, 'Ann');
  const bob = await connectAndJoin(network, MODES[0], appointment, 'Bob');
  await ann.next('peer_joined');
  network.break();
  assert.equal((await ann.next('user_left')).remoteSocket, bob.id);
  network.repair();
  await bob.connected();
  const reply = await bob.rejoin();
  assert.deepEqual([reply.resumed, reply.remoteSocket], [false, ann.id]);
  await ann.next('peer_joined');
  assert.deepEqual(ann.heard, ['joined_successfully', 'peer_joined', 'peer_reconnecting', 'user_left', 'peer_joined']);
});

describe('a take-over by a newer connection', { concurrency: true }, () => {
  for (const mode of MODES) {
    test(`closes the older one for good over ${mode.name}`, async () => {
      const { ann, bob, appointment } = await connectPair(server, mode);
      const { session, participant } = bob.reply;
      const laptop = await connect(server, mode);
      const reply = await laptop.join(appointment, 'Bob', { session });
      assert.deepEqual([reply.participant, reply.resumed, reply.remoteSocket], [participant, true, ann.id]);

      assert.ok((await bob.next('replaced')).message.length > 0);
      assert.equal(await bob.disconnected(), 'io server disconnect');
      assert.equal(bob.socket.active, false, 'it would come back by itself');

      await laptop.candidate(ann);
      await ann.next('ice_candidate');
      await ann.candidate(laptop);
      await laptop.next('ice_candidate');
      assert.deepEqual([...ann.all('user_left'), ...ann.all('peer_reconnecting'), ...bob.all('ice_candidate')], []);
    });
  }

  test('needs a token of this appointment that is unchanged and of the present format', async () => {
    const { ann, bob, appointment } = await connectPair(server, MODES[0]);
    const other = await connectAndJoin(server, MODES[0], newAppointment(), 'Bob');
    const { session } = bob.reply;
    const changed = session.slice(0, 10) + (session[10] === 'A' ? 'B' : 'A') + session.slice(11);
    for (const forged of [other.reply.session, changed, session.slice(1), `${session}=`, '', ' ', bob.id, 'null']) {
      const eve = await connect(server, MODES[0]);
      const join = { appointment_id: appointment, name: 'Bob', session: forged };
      assert.deepEqual(await eve.refused('join_room', join), { code: 'room_full' });
      eve.socket.disconnect();
    }
    await bob.candidate(ann);
    await ann.next('ice_candidate');
    assert.deepEqual(ann.heard, ['joined_successfully', 'peer_joined', 'ice_candidate']);
    assert.deepEqual(bob.heard, ['joined_successfully']);
  });
});
