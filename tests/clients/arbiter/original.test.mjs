// The arbiter door with the original's client and SFU.

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { startServer } from '../support/server.mjs';
import { OriginalClient, OriginalSfu } from './original.mjs';

const server = await startServer({ ARBITER_RELEASE_GRACE: '300ms' });
const cast = [];

afterEach(async () => {
  for (const one of cast.splice(0)) {
    await one.close();
    assert.deepEqual(one.crashes, [], 'nothing came that it cannot bear');
  }
  await server.assertHealthy();
});

function enter(participant) {
  cast.push(participant);
  return participant;
}

async function sfuServes(id) {
  const sfu = enter(new OriginalSfu(id));
  await sfu.serve(server);
  return sfu;
}

async function clientJoins(path, id) {
  const client = enter(new OriginalClient(id));
  assert.ok(await client.findRoom(server, path), 'there is a room');
  await client.join(server);
  return client;
}

test('two clients and their SFU set a call up and ignore further messages of the server', async () => {
  const sfu = await sfuServes();
  const ann = await clientJoins('/ward/3');
  const bob = await clientJoins('/ward/3');
  assert.deepEqual([ann.room, bob.room], [sfu.id, sfu.id]);
  ann.produce();
  await ann.taken.take(({ description }) => description?.type === 'answer', 'the answer');
  bob.produce();
  for (const [client, other] of [
    [ann, bob],
    [bob, ann],
  ]) {
    const isOffer = ({ type, remotePeerId }) => type === 'consumer' && remotePeerId === other.id;
    await client.taken.take(isOffer, 'the offer of the other one');
    const isAnswer = ({ type, sender }) => type === 'consumer' && sender === client.id;
    await sfu.taken.take(isAnswer, 'the answer to that offer');
  }
  for (const one of [ann, bob, sfu]) {
    assert.ok(one.invalid.all.length > 0);
    assert.ok(one.invalid.all.every(({ statusCode }) => statusCode === 200), 'status frames and nothing else');
  }

  await ann.close();
  for (const one of [bob, sfu]) {
    const notice = await one.taken.take(({ type }) => type === 'clientDisconnect', 'the notice');
    assert.deepEqual(notice, { type: 'clientDisconnect', clientId: ann.id });
  }
});

test('a client that leaves before its first handshake does not crash the SFU', async () => {
  const sfu = await sfuServes();
  const ann = await clientJoins('/ward/4');
  const bob = await clientJoins('/ward/4');
  await bob.invalid.next('being let in');
  await bob.close();
  await ann.taken.take(({ clientId }) => clientId === bob.id, 'the notice');
  ann.produce();
  await sfu.taken.take(({ sender }) => sender === ann.id, 'a client that stayed');
  assert.ok(sfu.taken.all.every(({ type }) => type === 'producer'));
});

test('a reloaded page gets its id and room back at once', async () => {
  const sfu = await sfuServes();
  const ann = await clientJoins('/ward/5');
  ann.produce();
  await sfu.taken.take(({ candidate }) => candidate, 'both messages');
  await ann.close();
  const again = await clientJoins('/ward/5', ann.id);
  again.produce();
  await again.taken.take(({ description }) => description?.type === 'answer', 'an answer');
  const kinds = sfu.taken.all.map(({ type }) => type);
  assert.deepEqual(kinds.slice(0, 3), ['producer', 'producer', 'clientDisconnect']);
});

test('clients log the end of their SFU, and the page finds another one', async () => {
  const sfu = await sfuServes();
  const ann = await clientJoins('/ward/6');
  ann.produce();
  await ann.taken.take(({ description }) => description, 'the answer');
  sfu.vanish();
  await ann.invalid.take(({ type }) => type === 'sfuDisconnect', 'the notice');
  const next = await sfuServes();
  const again = await clientJoins('/ward/6', ann.id);
  assert.equal(again.room, next.id);
});
