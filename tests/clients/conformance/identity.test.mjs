// The participant id: it stays the same, and gives no access because it is not a transport's id.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CAN_RESUME, connectAndJoin, newAppointment } from '../support/client.mjs';
import { MODES_AT_ALL_PATHS } from '../support/modes.mjs';
import { startProxy } from '../support/proxy.mjs';
import { startServer } from '../support/server.mjs';
import { stringsIn } from '../support/values.mjs';

const server = await startServer();

describe('a participant id', { concurrency: true }, () => {
  for (const mode of MODES_AT_ALL_PATHS) {
    test(`stays over reconnects and is never a transport's id over ${mode.name}`, async () => {
      const appointment = newAppointment();
      const network = await startProxy(server);
      const ann = await connectAndJoin(server, mode, appointment, 'Ann', CAN_RESUME);
      // Over long polling a client that loses a request closes its session when another request succeeds.
      const bob = await connectAndJoin(network, mode, appointment, 'Bob', CAN_RESUME);
      const ids = [ann.id, bob.id];

      for (let visit = 0; visit < 3; visit += 1) {
        await bob.offer(ann);
        assert.equal((await ann.next('receive_offer')).from, bob.id);
        await ann.answer(bob);
        assert.equal((await bob.next('receive_answer')).from, ann.id);
        await bob.tell('send_message', { body: 'hello' });
        assert.equal((await ann.next('receive_message')).from, bob.id);

        network.break();
        await bob.disconnected();
        network.repair();
        await bob.connected();
        await bob.rejoin();
        await ann.next('peer_resumed');
        assert.deepEqual([ann.id, bob.id], ids);
        assert.equal(bob.reply.remoteSocket, ann.id);
      }

      assert.equal(bob.transportIds.size, 4, 'Bob had four transports');
      const atAnn = stringsIn(ann.inbox.all);
      const atBob = stringsIn(bob.inbox.all);
      for (const id of [...bob.transportIds, ...ann.transportIds]) {
        assert.ok(!atAnn.some((text) => text.includes(id)), 'Ann was told a transport id');
        assert.ok(!atBob.some((text) => text.includes(id)), 'Bob was told a transport id');
      }
    });
  }

  test('belongs to one participant of one room', async () => {
    const clients = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        connectAndJoin(server, MODES_AT_ALL_PATHS[0], `${newAppointment()} ${index}`, 'Ann'),
      ),
    );
    assert.equal(new Set(clients.map(({ id }) => id)).size, clients.length);
    assert.equal(new Set(clients.map(({ reply }) => reply.session)).size, clients.length);
  });
});
