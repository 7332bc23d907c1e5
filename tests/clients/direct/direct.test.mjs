// The direct door with the original's page, and fixed faults of the original.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startServer } from '../support/server.mjs';
import { DirectClient } from './client.mjs';

const server = await startServer({ DIRECT_NAMES_PER_ADDRESS: '0' });
const original = await startServer({ DIRECT_NAMES_PER_ADDRESS: '0', DIRECT_DIALECT: 'original' });

let count = 0;

/** A registered and connected user, with a name that no other test uses. */
async function arrived(name, at = server, prefix = '') {
  const client = new DirectClient(at, prefix);
  count += 1;
  const { status } = await client.register(`${name} ${count}`);
  assert.equal(status, 'SUCCESS');
  await client.arrive();
  return client;
}

describe('the direct door', { concurrency: true }, () => {
  for (const prefix of ['', '/api']) {
    test(`two users set a call up by name under “${prefix}/”`, async () => {
      const [ann, bob] = [await arrived('ann', server, prefix), await arrived('bob', server, prefix)];
      const description = { type: 'offer', sdp: 'v=0\r\na=<&>\u2028é\r\n' };
      ann.send(bob.username, 'video-offer', description);
      const offer = await bob.next('video-offer');
      assert.deepEqual(offer, {
        originator: ann.username,
        target: bob.username,
        type: 'video-offer',
        payload: description,
      });
      bob.send(offer.originator, 'video-answer', { type: 'answer', sdp: 'v=0\r\n' });
      assert.equal((await ann.next('video-answer')).originator, bob.username);
      for (const candidate of [{ candidate: 'candidate:1 1 udp 1 192.0.2.1 9 typ host', sdpMid: '0' }, null]) {
        for (const [from, to] of [[ann, bob], [bob, ann]]) {
          from.send(to.username, 'new-ice-candidate', candidate);
          assert.deepEqual((await to.next('new-ice-candidate')).payload, candidate);
        }
      }
    });
  }

  test('a page can read its name in any script, and cannot read its session', async () => {
    const client = await arrived('Zoë 你好 100%');
    assert.match(client.username, /^Zoë 你好 100% \d+$/);
    assert.doesNotMatch(client.documentCookie, /session/);
    assert.equal(await client.user(), 200);
    client.send(client.username, 'call', 1);
    assert.equal((await client.next('call')).originator, client.username);
  });

  test('TARGET_NOT_FOUND names the missing target', async () => {
    const ann = await arrived('ann');
    ann.send('nobody', 'video-offer', {});
    assert.deepEqual(await ann.next('TARGET_NOT_FOUND'), {
      target: 'nobody',
      type: 'TARGET_NOT_FOUND',
      payload: null,
    });
  });

  test('a browser that lost its connection is accepted again at once, in the original’s dialect too', async () => {
    for (const at of [server, original]) {
      const [ann, bob] = [await arrived('ann', at), await arrived('bob', at)];
      bob.terminate();
      await bob.ended();
      await bob.arrive();
      ann.send(bob.username, 'welcome');
      assert.equal((await bob.next('welcome')).originator, ann.username);
    }
  });

  test('a Close frame is answered, and the user is not present any more', async () => {
    const [ann, bob] = [await arrived('ann'), await arrived('bob')];
    assert.equal((await bob.close()).closed, 1005);
    ann.send(bob.username, 'video-offer');
    await ann.next('TARGET_NOT_FOUND');
  });

  test('a reloaded page connects as the same user', async () => {
    const [ann, bob] = [await arrived('ann'), await arrived('bob')];
    await bob.close();
    assert.equal(await bob.user(), 200);
    await bob.arrive();
    ann.send(bob.username, 'hello');
    await bob.next('hello');
  });

  test('invalid JSON does not end the connection', async () => {
    const ann = await arrived('ann');
    ann.send(7, 'x');
    await ann.next('INVALID_MESSAGE');
    ann.send(ann.username, 'still here');
    await ann.next('still here');
  });

  test('a client without a session is refused with the reason', async () => {
    const stranger = new DirectClient(server);
    await stranger.connect();
    assert.deepEqual(await stranger.ended(), { closed: 4000, reason: 'UNAUTHENTICATED' });
    assert.equal(await stranger.user(), 404);
    assert.equal(await new DirectClient(original).user(), 401);
  });
});

test('kick-active-users closes every connection, and users can connect again', async () => {
  const [ann, bob] = [await arrived('ann'), await arrived('bob')];
  assert.equal(await new DirectClient(server).kick(), 'OK');
  for (const user of [ann, bob]) {
    assert.deepEqual(await user.ended(), { closed: 4002, reason: 'KICKED' });
    await user.arrive();
  }
  ann.send(bob.username, 'again');
  await bob.next('again');
  await server.assertHealthy();
});
