// The end of a connection decides whether its seat is held: the table "When a connection ends" of
// docs/mesh.md, cell by cell. The seat of a client that sends `session` in its join is protected; that of a
// client that does not is unprotected.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CAN_RESUME, connect, connectAndJoin, connectPair, newAppointment } from '../support/client.mjs';
import { CLOSED, GIVEN_UP, LOST, networkFor } from '../support/endings.mjs';
import { MODES } from '../support/modes.mjs';
import { joinRaw, openRaw, RawWebSocket } from '../support/raw.mjs';
import { startServer } from '../support/server.mjs';

const LEASE_MS = 30_000;
const SHORT_LEASE_MS = 3_000;

const KINDS = [
  { name: 'a protected seat', extra: CAN_RESUME },
  { name: 'an unprotected seat', extra: {} },
];
const [PROTECTED, UNPROTECTED] = KINDS;

const server = await startServer({ SEAT_LEASE: `${LEASE_MS}ms` });
/** For tests that wait until a lease ends. */
const hasty = await startServer({ SEAT_LEASE: `${SHORT_LEASE_MS}ms` });

/** Ann, who stays, and Bob, whose connection ends as `ending` says. */
async function pairFor(ending, mode, kind, at = server) {
  const appointment = newAppointment();
  const network = await networkFor(ending, at);
  const ann = await connectAndJoin(at, mode, appointment, 'Ann', CAN_RESUME);
  const bob = await connectAndJoin(network, mode, appointment, 'Bob', kind.extra);
  await ann.next('peer_joined');
  // Tests reconnect by themselves; the library must not.
  bob.socket.io.reconnection(false);
  return { appointment, network, ann, bob };
}

const joinAs = (client, appointment, name, extra = {}) =>
  client.refused('join_room', { appointment_id: appointment, name, ...extra });

/** Checks that the room is full for newcomers of every kind and name, and that the answers say until when. */
async function assertHeld(appointment, leaseMs = LEASE_MS) {
  for (const name of ['Eve', 'Bob']) {
    for (const { extra } of KINDS) {
      const newcomer = await connect(server, MODES[0]);
      const retry_after_ms = await newcomer.timeUntilFree(appointment, name, extra);
      assert.ok(retry_after_ms > 0 && retry_after_ms <= leaseMs, `retry_after_ms: ${retry_after_ms}`);
      assert.equal(retry_after_ms % 1_000, 0, `whole seconds: ${retry_after_ms}`);
      assert.deepEqual([...new Set(newcomer.heard)], ['error']);
      newcomer.socket.disconnect();
    }
  }
}

/** Checks that a newcomer gets the seat at once, and is not told of the former holder. */
async function assertFree(at, mode, appointment, ann) {
  const carol = await connectAndJoin(at, mode, appointment, 'Carol');
  assert.equal(carol.reply.remoteSocket, ann.id);
  assert.equal((await ann.next('peer_joined')).remoteSocket, carol.id);
  return carol;
}

function forEachEnding(endings, declare) {
  for (const ending of endings) {
    for (const mode of MODES.filter(({ name }) => ending.over.includes(name))) declare(ending, mode);
  }
}

// All at the same time: most of these tests wait.
describe('when a connection ends', { concurrency: true }, () => {
  describe('a seat is given up', { concurrency: 6 }, () => {
    async function assertGivenUp(ending, mode, kind) {
      const { appointment, ann, bob } = await pairFor(ending, mode, kind);
      await ending.end(bob);
      assert.equal((await ann.next('user_left')).remoteSocket, bob.id);
      const carol = await assertFree(server, mode, appointment, ann);
      // The token proves a seat that is not held any more: it displaces no participant.
      const bobAgain = await connect(server, mode);
      assert.deepEqual(await joinAs(bobAgain, appointment, 'Bob', { session: bob.reply.session }), { code: 'room_full' });
      assert.deepEqual(ann.heard, ['joined_successfully', 'peer_joined', 'user_left', 'peer_joined']);
      assert.deepEqual(carol.heard, ['joined_successfully']);
    }

    for (const kind of KINDS) {
      forEachEnding(GIVEN_UP, (ending, mode) =>
        test(`${kind.name} with ${ending.name} over ${mode.name}`, () => assertGivenUp(ending, mode, kind)),
      );
    }
    forEachEnding(CLOSED, (ending, mode) =>
      test(`${UNPROTECTED.name} with ${ending.name} over ${mode.name}`, () => assertGivenUp(ending, mode, UNPROTECTED)),
    );
  });

  describe('a protected seat is held', { concurrency: 8 }, () => {
    forEachEnding([...CLOSED, ...LOST], (ending, mode) =>
      test(`after ${ending.name} over ${mode.name}: no newcomer gets it, and its token gets it back`, async () => {
        const { appointment, ann, bob, network } = await pairFor(ending, mode, PROTECTED);
        await ending.end(bob, network);
        assert.equal((await ann.next('peer_reconnecting')).remoteSocket, bob.id);
        await assertHeld(appointment);

        const { session, participant } = bob.reply;
        const bobAgain = await connect(server, mode);
        const reply = await bobAgain.join(appointment, 'Bob', { session });
        assert.deepEqual([reply.participant, reply.resumed, reply.remoteSocket], [participant, true, ann.id]);
        assert.equal((await ann.next('peer_resumed')).remoteSocket, participant);
        assert.deepEqual(ann.heard, ['joined_successfully', 'peer_joined', 'peer_reconnecting', 'peer_resumed']);
      }),
    );

    forEachEnding([...CLOSED, ...LOST], (ending, mode) => {
      if (mode !== MODES[0] && mode !== MODES[1]) return;
      test(`after ${ending.name} over ${mode.name} until its lease ends, when a newcomer is told to come`, async () => {
        const { appointment, ann, bob, network } = await pairFor(ending, mode, PROTECTED, hasty);
        await ending.end(bob, network);
        await ann.next('peer_reconnecting');
        const carol = await connect(hasty, mode);
        const timeUntilFree = await carol.timeUntilFree(appointment, 'Carol');
        await new Promise((resolve) => setTimeout(resolve, timeUntilFree));
        const reply = await carol.join(appointment, 'Carol');
        assert.equal(reply.remoteSocket, ann.id);
        assert.equal((await ann.next('user_left')).remoteSocket, bob.id);
        assert.equal((await ann.next('peer_joined')).remoteSocket, carol.id);
      });
    });
  });

  describe('an unprotected seat', { concurrency: 8 }, () => {
    forEachEnding(LOST, (ending, mode) => {
      test(`goes to any newcomer after ${ending.name} over ${mode.name}`, async () => {
        const { appointment, ann, bob, network } = await pairFor(ending, mode, UNPROTECTED);
        await ending.end(bob, network);
        assert.equal((await ann.next('peer_reconnecting')).remoteSocket, bob.id);
        await assertFree(server, mode, appointment, ann);
        assert.deepEqual(ann.heard, ['joined_successfully', 'peer_joined', 'peer_reconnecting', 'user_left', 'peer_joined']);
      });

      test(`ends by itself after ${ending.name} over ${mode.name}`, async () => {
        const { ann, bob, network } = await pairFor(ending, mode, UNPROTECTED, hasty);
        await ending.end(bob, network);
        assert.equal((await ann.next('user_left')).remoteSocket, bob.id);
        assert.deepEqual(ann.heard, ['joined_successfully', 'peer_joined', 'peer_reconnecting', 'user_left']);
      });
    });

    test('ends by itself within 10 s, however long the lease of protected ones', async () => {
      const ending = LOST.find(({ name }) => name === 'FIN');
      const { ann, bob } = await pairFor(ending, MODES[0], UNPROTECTED);
      ending.end(bob);
      await ann.next('peer_reconnecting');
      const since = performance.now();
      await ann.next('user_left');
      const lasted = performance.now() - since;
      assert.ok(lasted > 8_000 && lasted < LEASE_MS / 2, `it lasted ${lasted} ms`);
    });

    for (const mode of MODES) {
      test(`is protected from the join with its token on, over ${mode.name}`, async () => {
        const { appointment, ann, bob } = await connectPair(server, mode);
        const bobAgain = await connectAndJoin(server, mode, appointment, 'Bob', { session: bob.reply.session });
        await bob.next('replaced');
        bobAgain.socket.io.reconnection(false);
        bobAgain.engine.close();
        assert.equal((await ann.next('peer_reconnecting')).remoteSocket, bob.id);
        await assertHeld(appointment);
      });
    }
  });

  describe('after the server began to close, an end by the client keeps the seat', { concurrency: 6 }, () => {
    for (const kind of KINDS) {
      for (const mode of MODES) {
        test(`${kind.name}, older connection replaced, over ${mode.name}`, async () => {
          const { ann, bob, appointment } = await connectPair(server, mode, newAppointment(), kind.extra);
          bob.socket.on('replaced', () => bob.socket.disconnect());
          const { session } = bob.reply;
          const bobAgain = await connectAndJoin(server, mode, appointment, 'Bob', { session });
          await bob.disconnected();
          await ann.candidate(bobAgain);
          await bobAgain.next('ice_candidate');
          await bobAgain.candidate(ann);
          await ann.next('ice_candidate');
          assert.deepEqual([...ann.all('user_left'), ...ann.all('peer_reconnecting')], []);
        });

        test(`${kind.name}, server draining, over ${mode.name}`, async () => {
          const draining = await startServer();
          const { ann, bob } = await connectPair(draining, mode, newAppointment(), kind.extra);
          bob.socket.on('shutting_down', () => bob.socket.disconnect());
          ann.socket.io.reconnection(false);
          const [reason] = await Promise.all([ann.disconnected(), bob.disconnected(), draining.stop()]);
          assert.ok(reason);
          assert.deepEqual(ann.all('user_left'), []);
        });
      }
    }
  });

  describe('a WebSocket that has not taken over its polling session', { concurrency: 4 }, () => {
    async function closeProbe(kind) {
      const appointment = newAppointment();
      const ann = await connectAndJoin(server, MODES[0], appointment, 'Ann', CAN_RESUME);
      const bob = await openRaw(server, 'polling');
      const { participant, session } = await joinRaw(bob, appointment, 'Bob', kind.extra);
      await ann.next('peer_joined');
      const probe = await RawWebSocket.open(server, { sid: bob.sid });
      probe.send('2probe');
      await probe.packet('3probe');
      probe.close();
      assert.equal((await ann.next('peer_reconnecting')).remoteSocket, participant);
      return { appointment, ann, session, participant };
    }

    test('keeps a protected seat when it closes', async () => {
      const { appointment, ann, session, participant } = await closeProbe(PROTECTED);
      await assertHeld(appointment);
      const bob = await connectAndJoin(server, MODES[0], appointment, 'Bob', { session });
      assert.equal(bob.id, participant);
      assert.equal((await ann.next('peer_resumed')).remoteSocket, participant);
    });

    test('leaves an unprotected seat to any newcomer when it closes', async () => {
      const { appointment, ann } = await closeProbe(UNPROTECTED);
      await assertFree(server, MODES[0], appointment, ann);
      assert.equal(ann.all('user_left').length, 1);
    });
  });
});
