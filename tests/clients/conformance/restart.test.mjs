// After a restart of the server, participants keep their ids, and the chats are still stored.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { connectPair, newAppointment } from '../support/client.mjs';
import { saveChats } from '../support/http.mjs';
import { MODES } from '../support/modes.mjs';
import { startServer } from '../support/server.mjs';

/** Both come back with their tokens and meet; the history is `chats`. */
async function assertBothComeBack(ann, bob, chats) {
  const ids = [ann.id, bob.id];
  await Promise.all([ann.connected(), bob.connected()]);
  await Promise.all([ann.rejoin(), bob.rejoin()]);
  assert.deepEqual([ann.id, bob.id], ids);
  assert.deepEqual([ann.reply.resumed, bob.reply.resumed], [false, false]);
  for (const client of [ann, bob]) assert.deepEqual(client.reply.chats, chats);

  // The first one to return is told of the other.
  const [first, second] = ann.reply.polite ? [bob, ann] : [ann, bob];
  assert.equal(first.reply.remoteSocket, null);
  assert.equal((await first.next('peer_joined')).remoteSocket, second.id);
  assert.equal(second.reply.remoteSocket, first.id);

  await ann.offer(bob);
  assert.equal((await bob.next('receive_offer')).from, ids[0]);
  await bob.answer(ann);
  assert.equal((await ann.next('receive_answer')).from, ids[1]);
  assert.deepEqual([...ann.all('user_left'), ...bob.all('user_left')], []);
}

/** A pair that has sent messages, and the messages. */
async function talk(server, mode) {
  const appointment = newAppointment();
  const { ann, bob } = await connectPair(server, mode, appointment);
  const { sent_at } = await ann.tell('send_message', { id: 'live', body: 'hello' });
  await bob.next('receive_message');
  await saveChats(server, appointment, [{ text: 'saved' }]);
  return { ann, bob, chats: [{ id: 'live', from: ann.id, name: 'Ann', body: 'hello', sent_at }, { text: 'saved' }] };
}

describe('after a restart', { concurrency: true }, () => {
  for (const mode of MODES) {
    test(`both come back with their tokens over ${mode.name}`, async () => {
      const server = await startServer();
      const { ann, bob, chats } = await talk(server, mode);
      await server.stop();
      for (const client of [ann, bob]) {
        const { message, retry_after_ms } = await client.next('shutting_down');
        assert.ok(message.length > 0);
        assert.ok(Number.isInteger(retry_after_ms) && retry_after_ms >= 0);
        await client.disconnected();
        assert.equal(client.socket.active, true, 'it must come back by itself');
      }
      await server.start();
      await assertBothComeBack(ann, bob, chats);
    });
  }

  test('both come back after a crash, and no acknowledged message is lost', async () => {
    const server = await startServer();
    const { ann, bob, chats } = await talk(server, MODES[0]);
    await server.crash();
    await Promise.all([ann.disconnected(), bob.disconnected()]);
    await server.start();
    await assertBothComeBack(ann, bob, chats);
  });
});
