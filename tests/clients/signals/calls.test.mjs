// Calls through the signals door with a client like the original's.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { startServer } from '../support/server.mjs';
import { Caller } from './client.mjs';

const server = await startServer({ SIGNALS_WS_READ_TIMEOUT: '3s', SIGNALS_WS_PING_INTERVAL: '1s' });

async function pair(call = randomUUID()) {
  const ann = await new Caller(server, call).enter();
  const bob = await new Caller(server, call).enter();
  assert.deepEqual(await ann.next(), { call, kind: 'PEER' });
  return { ann, bob, call };
}

test('two clients meet, and signals arrive unchanged', async () => {
  const { ann, bob, call } = await pair();
  const sdp = `v=0\r\n${'a=candidate:1 1 udp 2122260223 192.0.2.1 50000 typ host\r\n'.repeat(80)}a=x:<&>"\\\u2028é😀`;
  assert.equal(await ann.publish('OFFER', sdp), 200);
  assert.deepEqual(await bob.next(), { call, kind: 'OFFER', body: sdp });
  assert.equal(await bob.publish('ANSWER', JSON.stringify({ type: 'answer', sdp })), 200);
  assert.deepEqual(JSON.parse((await ann.next()).body), { type: 'answer', sdp });
});

test('an offer sent right after PEER reaches the peer after its WELCOME', async () => {
  const call = randomUUID();
  const ann = await new Caller(server, call).enter();
  const bob = new Caller(server, call);
  assert.deepEqual(Object.keys(await bob.join()), ['call', 'session', 'kind']);
  assert.equal((await ann.next()).kind, 'PEER');
  assert.equal(await ann.publish('OFFER', 'at once'), 200);
  await bob.open();
  assert.deepEqual(await bob.next(), { call, kind: 'WELCOME' });
  assert.deepEqual(await bob.next(), { call, body: 'at once', kind: 'OFFER' });
});

test('a third is refused while one of the two is away, who resumes with the same handshake', async () => {
  const { ann, bob, call } = await pair();
  const cy = new Caller(server, call);
  await assert.rejects(cy.join(), { status: 409 });
  assert.equal(await cy.publish('OFFER', 'without a session'), 400);
  bob.vanish();
  await assert.rejects(cy.join(), { status: 409 });
  await bob.open();
  assert.equal((await bob.next()).kind, 'WELCOME');
  assert.equal(await ann.publish('CANDIDATE', '{}'), 200);
  assert.deepEqual(await bob.next(), { call, body: '{}', kind: 'CANDIDATE' });
});

test('a Close frame is answered, and the reason leave frees the seat', async () => {
  const { bob, call } = await pair();
  bob.close(1000, 'leave');
  assert.deepEqual(await bob.next(), { code: 1000, reason: 'leave' });
  await new Caller(server, call).enter();
});

test('a client that answers no ping gets the reason of its close', async () => {
  const call = randomUUID();
  const ann = new Caller(server, call);
  await ann.join();
  await ann.open({ autoPong: false });
  assert.equal((await ann.next()).kind, 'WELCOME');
  assert.deepEqual(await ann.next(), { code: 1000, reason: 'websocket reader stopping' });
});

test('an unencoded name in the path names the same call', async () => {
  const name = `Zoë’s call ${randomUUID()}`;
  const { ann, bob } = await pair(name);
  assert.equal(await bob.publish('OFFER', 'o'), 200);
  assert.deepEqual(await ann.next(), { call: name, body: 'o', kind: 'OFFER' });
});

test('a page of the configured origin may use the door', async () => {
  const preflight = await fetch(`${server.url}/signal`, { method: 'OPTIONS', headers: { Origin: 'http://localhost:8080' } });
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers.get('access-control-allow-origin'), 'http://localhost:8080');
  assert.match(preflight.headers.get('access-control-allow-headers'), /Content-Type/);
});
