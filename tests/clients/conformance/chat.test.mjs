// Chat: live messages and saved entries, stored in order and returned by later joins.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { connectAndJoin, connectPair, newAppointment } from '../support/client.mjs';
import { saveChats } from '../support/http.mjs';
import { MODES } from '../support/modes.mjs';
import { startServer } from '../support/server.mjs';

const server = await startServer();

describe('a live message', { concurrency: 3 }, () => {
  for (const mode of MODES) {
    test(`reaches the other side and the history over ${mode.name}`, async () => {
      const { ann, bob, appointment } = await connectPair(server, mode);
      const first = await ann.tell('send_message', { id: 'one', body: 'Grüße 👩‍⚕️ \u202e <b>' });
      const second = await bob.tell('send_message', { id: 'two', body: 'hello' });
      const { seq, ...told } = await bob.next('receive_message');
      assert.equal(told.sent_at, first.sent_at);
      await ann.next('receive_message');

      await ann.tell('leave_room');
      const carol = await connectAndJoin(server, mode, appointment, 'Carol');
      const history = [
        { id: 'one', from: ann.id, name: 'Ann', body: 'Grüße 👩‍⚕️ \u202e <b>', sent_at: first.sent_at },
        { id: 'two', from: bob.id, name: 'Bob', body: 'hello', sent_at: second.sent_at },
      ];
      assert.deepEqual(told, history[0]);
      assert.deepEqual(carol.reply.chats, history);
      assert.equal(carol.reply.chats_available, true);
    });

    test(`sent twice is stored and delivered once over ${mode.name}`, async () => {
      const { ann, bob, appointment } = await connectPair(server, mode);
      const acks = await Promise.all([
        ann.tell('send_message', { id: 'same', body: 'once' }),
        ann.tell('send_message', { id: 'same', body: 'once' }),
      ]);
      assert.deepEqual(acks[0], acks[1]);
      await ann.tell('send_message', { id: 'other', body: 'twice' });
      assert.equal((await bob.next('receive_message')).id, 'same');
      assert.equal((await bob.next('receive_message')).id, 'other');
      const { chats } = await bob.join(appointment, 'Bob');
      assert.deepEqual(chats.map(({ id }) => id), ['same', 'other']);
    });

    test(`shares no id with messages of other senders over ${mode.name}`, async () => {
      const { ann, bob, appointment } = await connectPair(server, mode);
      await ann.tell('send_message', { id: 'm1', body: 'How are you?' });
      await bob.tell('send_message', { id: 'm1', body: 'I am allergic to penicillin' });
      assert.equal((await ann.next('receive_message')).body, 'I am allergic to penicillin');
      assert.deepEqual(await bob.refused('send_message', { id: 'm1', body: 'other' }), { code: 'id_conflict' });
      const { chats } = await bob.join(appointment, 'Bob');
      assert.deepEqual(chats.map(({ id, from }) => [id, from]), [['m1', ann.id], ['m1', bob.id]]);
    });

    test(`is not suppressed by an entry that a stranger saved before over ${mode.name}`, async () => {
      const { ann, bob, appointment } = await connectPair(server, mode);
      const forged = [{ id: '1', from: bob.id, body: 'forged' }, { id: '2', from: bob.id, body: 'hello' }];
      assert.equal((await saveChats(server, appointment, forged)).status, 200);
      await bob.tell('send_message', { id: '1', body: 'hi' });
      await bob.tell('send_message', { id: '2', body: 'hello' });
      assert.equal((await ann.next('receive_message')).body, 'hi');
      assert.equal((await ann.next('receive_message')).body, 'hello');
      const { chats } = await bob.join(appointment, 'Bob');
      assert.deepEqual(chats.map(({ body }) => body), ['forged', 'hi', 'hello']);
    });

    test(`may hold half an emoji over ${mode.name}`, async () => {
      const { ann, bob, appointment } = await connectPair(server, mode);
      await bob.tell('send_message', { id: 'half', body: 'half \ud83d' });
      assert.equal((await ann.next('receive_message')).body, 'half \ufffd');
      const { chats } = await bob.join(appointment, 'Bob');
      assert.equal(chats[0].body, 'half \ufffd');
    });

    test(`is stored and delivered when its sender leaves right after it over ${mode.name}`, async () => {
      const { ann, bob, appointment } = await connectPair(server, mode);
      const ids = Array.from({ length: 10 }, (_, number) => `last words ${number}`);
      const acks = ids.map((id) => ann.ask('send_message', { id, body: 'bye' }));
      acks.push(ann.ask('leave_room'));
      for (const ack of await Promise.all(acks)) assert.equal(ack.success, true, JSON.stringify(ack));
      for (const id of ids) assert.equal((await bob.next('receive_message')).id, id);
      const { chats } = await bob.join(appointment, 'Bob');
      assert.deepEqual(chats.map(({ id }) => id), ids);
    });

    test(`keeps its place among a hundred others over ${mode.name}`, async () => {
      const { ann, bob, appointment } = await connectPair(server, mode);
      const ids = Array.from({ length: 100 }, (_, number) => `message ${number}`);
      await Promise.all(ids.map((id) => ann.tell('send_message', { id, body: id })));
      for (const id of ids) assert.equal((await bob.next('receive_message')).id, id);
      const { chats } = await bob.join(appointment, 'Bob');
      assert.deepEqual(chats.map(({ id }) => id), ids);
    });
  }
});

describe('saved chats', { concurrency: 3 }, () => {
  const SAVED = { status: 200, body: { success: true, message: 'Chats saved Successfully' } };

  test('are the history of the next participant, entry for entry', async () => {
    const appointment = newAppointment();
    const chats = [
      { sender: 'Ann', text: 'hello', at: 1 },
      'a text', 7, null, [1, [2]], { $oid: 'zz' }, { nested: { deep: [{}] } }, '', false,
    ];
    assert.deepEqual(await saveChats(server, appointment, chats), SAVED);
    const ann = await connectAndJoin(server, MODES[0], appointment, 'Ann');
    assert.deepEqual(ann.reply.chats, chats);
  });

  test('change nothing when they are saved again', async () => {
    const { ann, appointment } = await connectPair(server, MODES[0]);
    await ann.tell('send_message', { id: 'live', body: 'hello' });
    const { chats } = await ann.join(appointment, 'Ann');
    const both = [...chats, { text: 'data channel' }, { text: 'data channel' }];
    for (let time = 0; time < 3; time += 1) assert.deepEqual(await saveChats(server, appointment, both), SAVED);
    assert.deepEqual((await ann.join(appointment, 'Ann')).chats, both);
  });

  test('of both sides are stored when both save at the same time', async () => {
    const { ann, appointment } = await connectPair(server, MODES[0]);
    const byAnn = Array.from({ length: 30 }, (_, number) => ({ id: `ann ${number}` }));
    const byBob = Array.from({ length: 30 }, (_, number) => ({ id: `bob ${number}` }));
    const saves = byAnn.flatMap((_, count) => [
      saveChats(server, appointment, byAnn.slice(0, count + 1)),
      saveChats(server, appointment, byBob.slice(0, count + 1)),
    ]);
    for (const saved of await Promise.all(saves)) assert.deepEqual(saved, SAVED);
    const { chats } = await ann.join(appointment, 'Ann');
    assert.deepEqual(chats.map(({ id }) => id).sort(), [...byAnn, ...byBob].map(({ id }) => id).sort());
  });

  test('with half an emoji are saved, and the whole array again afterwards', async () => {
    const { ann, appointment } = await connectPair(server, MODES[0]);
    const half = { text: 'half \ud83d' };
    for (let time = 0; time < 2; time += 1) {
      assert.deepEqual(await saveChats(server, appointment, [half, { text: 'whole' }]), SAVED);
    }
    const served = [{ text: 'half \ufffd' }, { text: 'whole' }];
    assert.deepEqual((await ann.join(appointment, 'Ann')).chats, served);
    assert.deepEqual(await saveChats(server, appointment, served), SAVED);
    assert.deepEqual((await ann.join(appointment, 'Ann')).chats, served);
  });

  test('with an id and a sender may change, and the newest version is returned', async () => {
    const { ann, appointment } = await connectPair(server, MODES[0]);
    const version = (text) => ({ id: 1, sender: 'Ann', text });
    for (const text of ['old', 'new', 'old']) await saveChats(server, appointment, [version(text)]);
    assert.deepEqual((await ann.join(appointment, 'Ann')).chats, [version('new')]);
  });

  test('that are invalid are refused with the reason', async () => {
    const refusals = [
      ['{"chats":{}}', 400, 'invalid_payload'],
      ['{}', 400, 'invalid_payload'],
      ['[]', 400, 'invalid_payload'],
      ['{"chats":[', 400, 'invalid_payload'],
      [`{"chats":[${'['.repeat(1_000)}${']'.repeat(1_000)}]}`, 400, 'invalid_payload'],
      [`{"chats":[${'0,'.repeat(10_000)}0]}`, 413, 'payload_too_large'],
      [`{"chats":["${'x'.repeat(64 * 1024)}"]}`, 413, 'payload_too_large'],
      [`{"chats":["${'x'.repeat(1024 * 1024)}"]}`, 413, 'payload_too_large'],
      [`{"chats":[${' '.repeat(4 * 1024 * 1024)}]}`, 413, 'payload_too_large'],
    ];
    for (const [body, status, code] of refusals) {
      const url = new URL('/api/v1/signalling/save-chats/refused', server.url);
      const answer = await fetch(url, { method: 'PUT', body, headers: { 'content-type': 'application/json' } });
      const { success, code: told } = await answer.json();
      assert.deepEqual([answer.status, success, told], [status, false, code], body.slice(0, 40));
    }
  });
});
