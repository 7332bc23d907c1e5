// The kurento door with the original's library, and fixed faults of the original.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { startProxy } from '../support/proxy.mjs';
import { startServer } from '../support/server.mjs';
import { KurentoUser } from './client.mjs';

const server = await startServer();

/** Ann and Bob in a room of their own, each told of the other. */
async function pair(at = server) {
  const room = randomUUID();
  const [ann, bob] = [new KurentoUser(at, { browser: `ann ${room}` }), new KurentoUser(server, { browser: `bob ${room}` })];
  assert.deepEqual(await ann.join('ann', room), []);
  assert.deepEqual(await bob.join('bob', room), [{ id: 'ann', streams: [] }]);
  assert.deepEqual(await ann.next('participantJoined'), { id: 'bob' });
  return { room, ann, bob };
}

test('two users join, send messages and leave', async () => {
  const { room, ann, bob } = await pair();
  assert.match(ann.session, /^[0-9a-v]{26}$/);
  const { sessionId } = await bob.ask('sendMessage', { message: 'hello', userMessage: 'bob', roomMessage: room });
  assert.equal(sessionId, bob.session);
  for (const user of [ann, bob]) {
    assert.deepEqual(await user.next('sendMessage'), { room, user: 'bob', message: 'hello' });
  }
  await bob.ask('leaveRoom', {});
  bob.close();
  assert.deepEqual(await ann.next('participantLeft'), { name: 'bob' });
});

test('refusals have the documented codes and come at once', async () => {
  const { room, ann, bob } = await pair();
  const other = new KurentoUser(server, { browser: 'other' });
  await other.next('(connected)');
  assert.equal(await other.refused('joinRoom', { user: 'ann', room }), 104);
  assert.equal(await other.refused('leaveRoom', {}), 102, 'the original never answers that');
  assert.equal(await other.refused('noSuchMethod', {}), -32601, 'nor that');
  assert.equal(await ann.refused('receiveVideoFrom', { sender: 'bob_webcam', sdpOffer: 'no description' }) > 0, true);
  assert.equal(await bob.refused('unpublishVideo', {}), 105);
  assert.equal(await bob.refused('customRequest', { hat: true }), -1);
  assert.equal(await bob.refused('connect', { sessionId: 'none' }), 40007);
});

test('the library reconnects after a loss, and the session continues without a further request', async () => {
  const proxy = await startProxy(server);
  const { room, ann, bob } = await pair(proxy);
  proxy.repair();
  await ann.next('(reconnected)');
  // Only pings were sent over it so far. The original evicts Ann after ten seconds.
  const written = async (message) => {
    try {
      await ann.ask('sendMessage', { message, userMessage: 'ann', roomMessage: room });
      return true;
    } catch ({ code }) {
      assert.equal(code, 102, 'the server has not noticed the loss yet');
      return false;
    }
  };
  while (!(await written('back'))) await ann.ask('ping', null);
  assert.deepEqual(await bob.next('sendMessage'), { room, user: 'ann', message: 'back' });
  assert.deepEqual(bob.all('participantLeft'), []);
  await bob.ask('sendMessage', { message: 'welcome', userMessage: 'bob', roomMessage: room });
  assert.deepEqual((await ann.inbox.take(({ params }) => params?.user === 'bob', 'the answer')).params.message, 'welcome');
});

test('a client that names its session continues it', async () => {
  const proxy = await startProxy(server);
  const { room, ann, bob } = await pair(proxy);
  const { session } = ann;
  proxy.repair();
  await ann.next('(reconnected)');
  const { value, sessionId } = await ann.ask('connect', { sessionId: session });
  assert.deepEqual([value, sessionId], ['reconnection successful', session]);
  await bob.ask('sendMessage', { message: 'there?', userMessage: 'bob', roomMessage: room });
  assert.equal((await ann.next('sendMessage')).message, 'there?');
});

test('a reloaded page gets its name back', async () => {
  const { room, ann, bob } = await pair();
  ann.close();
  const again = new KurentoUser(server, { browser: `ann ${room}` });
  assert.deepEqual(await again.join('ann', room), [{ id: 'bob', streams: [] }]);
  assert.deepEqual(await bob.next('participantLeft'), { name: 'ann' });
  assert.deepEqual(await bob.next('participantJoined'), { id: 'ann' });
  await server.assertHealthy();
});
