// Signals arrive once and in order, also while the transport changes.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Client, connect, connectPair, newAppointment } from '../support/client.mjs';
import { MODES, TRANSPORTS } from '../support/modes.mjs';
import { startServer } from '../support/server.mjs';

const COUNT = 500;
const server = await startServer();

/** Alternating offers and candidates, each with its number. */
function sendInterleaved(from, to) {
  for (let number = 0; number < COUNT; number += 1) {
    if (number % 5 === 0) {
      const offer = { type: 'offer', sdp: 'v=0\r\n', number };
      from.socket.emit('send_offer', { appointment_id: from.appointment, offer, remoteSocketId: to.id });
    } else {
      from.socket.emit('ice_candidate', { remoteSocketId: to.id, candidate: { candidate: 'c', number } });
    }
  }
}

async function receiveAll(client) {
  const numbers = [];
  const seqs = [];
  while (numbers.length < COUNT) {
    const isSignal = ({ event }) => event === 'receive_offer' || event === 'ice_candidate';
    const { event, args } = await client.inbox.take(isSignal, `signal ${numbers.length} of ${COUNT}`);
    numbers.push((event === 'receive_offer' ? args[0].offer : args[0].candidate).number);
    seqs.push(args[0].seq);
  }
  return { numbers, seqs };
}

function assertInOrder({ numbers, seqs }) {
  assert.deepEqual(numbers, Array.from({ length: COUNT }, (_, number) => number));
  assert.deepEqual(seqs, seqs.map((_, index) => seqs[0] + index));
}

describe(`${COUNT} interleaved offers and candidates`, () => {
  for (const mode of MODES) {
    test(`keep their order in both directions over ${mode.name}`, async () => {
      const { ann, bob } = await connectPair(server, mode);
      sendInterleaved(ann, bob);
      sendInterleaved(bob, ann);
      const [atBob, atAnn] = await Promise.all([receiveAll(bob), receiveAll(ann)]);
      assertInOrder(atBob);
      assertInOrder(atAnn);
      assert.deepEqual([...ann.all('error'), ...bob.all('error')], []);
    });
  }

  test('keep their order while both sides upgrade from long polling to WebSocket', async () => {
    const mode = MODES.at(-1);
    const appointment = newAppointment();
    const ann = new Client(server, mode);
    const bob = new Client(server, mode);
    await Promise.all([ann.connected(), bob.connected()]);
    await ann.join(appointment, 'Ann');
    await bob.join(appointment, 'Bob');
    sendInterleaved(ann, bob);
    sendInterleaved(bob, ann);
    const [atBob, atAnn] = await Promise.all([receiveAll(bob), receiveAll(ann)]);
    assertInOrder(atBob);
    assertInOrder(atAnn);
    await Promise.all([ann.upgraded(), bob.upgraded()]);
  });
});

describe('events that are sent without waiting', () => {
  for (const mode of MODES) {
    test(`are handled after the join before them over ${mode.name}`, async () => {
      const { ann, bob, appointment } = await connectPair(server, mode);
      await bob.tell('leave_room', {});
      await ann.next('user_left');
      bob.socket.emit('join_room', { appointment_id: appointment, name: 'Bob' });
      bob.socket.emit('send_offer', { appointment_id: appointment, offer: { sdp: 'a' }, remoteSocketId: ann.id });
      bob.socket.emit('ice_candidate', { remoteSocketId: ann.id, candidate: { number: 1 } });
      bob.socket.emit('ice_candidate', { remoteSocketId: ann.id, candidate: { number: 2 } });
      await bob.tell('leave_room', {});
      await ann.next('user_left');
      const about = ann.heard.slice(ann.heard.indexOf('user_left') + 1);
      assert.deepEqual(about, ['peer_joined', 'receive_offer', 'ice_candidate', 'ice_candidate', 'user_left']);
      assert.deepEqual(ann.all('ice_candidate').map(({ candidate }) => candidate.number), [1, 2]);
      assert.deepEqual(bob.all('error'), []);
    });
  }
});

test('two clients on different transports are paired', async () => {
  const appointment = newAppointment();
  const clients = await Promise.all(TRANSPORTS.slice(0, 2).map((_, index) => connect(server, MODES[index])));
  const [ann, bob] = clients;
  await ann.join(appointment, 'Ann');
  await bob.join(appointment, 'Bob');
  sendInterleaved(ann, bob);
  sendInterleaved(bob, ann);
  assertInOrder(await receiveAll(bob));
  assertInOrder(await receiveAll(ann));
});
