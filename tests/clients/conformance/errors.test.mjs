// The server reports a client's errors in the ack and in the `error` event, and no other client is affected.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { connect, connectPair, newAppointment } from '../support/client.mjs';
import { saveChats } from '../support/http.mjs';
import { MODES } from '../support/modes.mjs';
import { startProxy } from '../support/proxy.mjs';
import { joinRaw, openRaw, RawWebSocket, request } from '../support/raw.mjs';
import { startServer } from '../support/server.mjs';

const server = await startServer();

const NO_SUCH_ID = '00000000-0000-4000-8000-000000000000';
const field = (name) => ({ code: 'invalid_field', field: name });

/** Events without a seat, and the expected errors. */
const WITHOUT_A_SEAT = [
  ['an offer', 'send_offer', [{ appointment_id: 'a', offer: {}, remoteSocketId: NO_SUCH_ID }], { code: 'not_joined' }],
  ['an answer', 'send_answer', [{ appointment_id: 'a', answer: {}, remoteSocketId: NO_SUCH_ID }], { code: 'not_joined' }],
  ['a candidate', 'ice_candidate', [{ candidate: {}, remoteSocketId: NO_SUCH_ID }], { code: 'not_joined' }],
  ['a message', 'send_message', [{ body: 'hello' }], { code: 'not_joined' }],
  ['leaving', 'leave_room', [{}], { code: 'not_joined' }],
  ['an unknown event', 'join_rooms', [{}], { code: 'unknown_event' }],
  ['an event without a name', '', [{}], { code: 'unknown_event' }],
  ['an event named like a server event', 'joined_successfully', [{}], { code: 'unknown_event' }],
  ['an event named like a method', '__proto__', [{}], { code: 'unknown_event' }],
  ...['join_room', 'send_offer', 'send_answer', 'ice_candidate', 'send_message'].flatMap((event) => [
    [`${event} without a payload`, event, [], { code: 'invalid_payload' }],
    [`${event} with null`, event, [null], { code: 'invalid_payload' }],
    [`${event} with a string`, event, ['{}'], { code: 'invalid_payload' }],
    [`${event} with a number`, event, [7], { code: 'invalid_payload' }],
    [`${event} with an array`, event, [[]], { code: 'invalid_payload' }],
    [`${event} with two payloads`, event, [{}, {}], { code: 'invalid_payload' }],
    [`${event} with a binary payload`, event, [new Uint8Array(8)], { code: 'binary_not_supported' }],
    [`${event} with a binary field`, event, [{ name: new Uint8Array(8) }], { code: 'binary_not_supported' }],
  ]),
];

const ROOM = { appointment_id: 'a', name: 'Ann' };
const JOINS = [
  ['no appointment_id', { name: 'Ann' }, field('appointment_id')],
  ['an appointment_id that is null', { ...ROOM, appointment_id: null }, field('appointment_id')],
  ['an appointment_id that is a number', { ...ROOM, appointment_id: 7 }, field('appointment_id')],
  ['an appointment_id that is an object', { ...ROOM, appointment_id: { $ne: null } }, field('appointment_id')],
  ['an empty appointment_id', { ...ROOM, appointment_id: '' }, field('appointment_id')],
  ['an appointment_id of spaces', { ...ROOM, appointment_id: ' \t\n ' }, field('appointment_id')],
  ['an appointment_id of 129 characters', { ...ROOM, appointment_id: 'é'.repeat(129) }, field('appointment_id')],
  ['an appointment_id of 10 kB', { ...ROOM, appointment_id: 'a'.repeat(10_000) }, field('appointment_id')],
  ['an appointment_id with a slash', { ...ROOM, appointment_id: 'a/b' }, field('appointment_id')],
  ['an appointment_id with a control character', { ...ROOM, appointment_id: 'a\u0000b' }, field('appointment_id')],
  ['an appointment_id with a right-to-left mark', { ...ROOM, appointment_id: 'a\u200fb' }, field('appointment_id')],
  ['no name', { appointment_id: 'a' }, field('name')],
  ['an empty name', { ...ROOM, name: '' }, field('name')],
  ['a name that is an array', { ...ROOM, name: ['Ann'] }, field('name')],
  ['a name of 129 characters', { ...ROOM, name: 'n'.repeat(129) }, field('name')],
  ['a name of 10 kB', { ...ROOM, name: 'n'.repeat(10_000) }, field('name')],
  ['a name with a control character', { ...ROOM, name: 'A\u0007nn' }, field('name')],
  ['a session that is a number', { ...ROOM, session: 7 }, field('session')],
  ['a received that is negative', { ...ROOM, received: -1 }, field('received')],
  ['a received that is a fraction', { ...ROOM, received: 0.5 }, field('received')],
  ['a received that is a string', { ...ROOM, received: '1' }, field('received')],
];

/** JSON of a little more than 64 KiB. */
const LARGE = { text: 'x'.repeat(64 * 1024) };
const tooLarge = (name) => ({ code: 'payload_too_large', field: name });
const NOT_HERE = { code: 'peer_not_found' };
const WRONG_ROOM = { code: 'wrong_room' };

/** Invalid events to the other participant, with a seat, and the expected errors. */
const WITH_A_SEAT = [
  ['an offer without an offer', 'send_offer', (to) => to, field('offer')],
  ['an offer that is null', 'send_offer', (to) => ({ ...to, offer: null }), field('offer')],
  ['an offer that is a string', 'send_offer', (to) => ({ ...to, offer: 'v=0' }), field('offer')],
  ['an answer that is an array', 'send_answer', (to) => ({ ...to, answer: [] }), field('answer')],
  ['no candidate', 'ice_candidate', (to) => to, field('candidate')],
  ['a candidate that is a string', 'ice_candidate', (to) => ({ ...to, candidate: 'c' }), field('candidate')],
  ['no receiver', 'send_offer', (to) => ({ ...to, offer: {}, remoteSocketId: null }), field('remoteSocketId')],
  ['a receiver that is null', 'ice_candidate', () => ({ candidate: {}, remoteSocketId: null }), field('remoteSocketId')],
  ['no room', 'send_offer', (to) => ({ ...to, offer: {}, appointment_id: undefined }), field('appointment_id')],
  ['another room', 'send_offer', (to) => ({ ...to, offer: {}, appointment_id: 'other' }), WRONG_ROOM],
  ['another room, in an answer', 'send_answer', (to) => ({ ...to, answer: {}, appointment_id: 'x' }), WRONG_ROOM],
  ['a stranger', 'send_offer', (to) => ({ ...to, offer: {}, remoteSocketId: NO_SUCH_ID }), NOT_HERE],
  ['an invalid id', 'ice_candidate', () => ({ candidate: {}, remoteSocketId: 'x' }), NOT_HERE],
  ['an offer of more than 64 KiB', 'send_offer', (to) => ({ ...to, offer: LARGE }), tooLarge('offer')],
  ['a candidate of more than 64 KiB', 'ice_candidate', (to) => ({ ...to, candidate: LARGE }), tooLarge('candidate')],
  ['no body', 'send_message', () => ({}), field('body')],
  ['an empty body', 'send_message', () => ({ body: '' }), field('body')],
  ['a body that is an object', 'send_message', () => ({ body: {} }), field('body')],
  ['a body of more than 16 KiB', 'send_message', () => ({ body: 'é'.repeat(8_193) }), tooLarge('body')],
  ['an empty id', 'send_message', () => ({ body: 'b', id: '' }), field('id')],
  ['an id of 129 characters', 'send_message', () => ({ body: 'b', id: 'i'.repeat(129) }), field('id')],
  ['an id that is a number', 'send_message', () => ({ body: 'b', id: 7 }), field('id')],
];

for (const mode of MODES) {
  describe(`over ${mode.name}`, () => {
    test('events without a seat, unknown events and invalid payloads are refused', async () => {
      const client = await connect(server, mode);
      await client.join(newAppointment(), 'Ann');
      await client.tell('leave_room', {});
      for (const [what, event, args, refusal] of WITHOUT_A_SEAT) {
        assert.deepEqual(await client.refused(event, ...args), refusal, what);
      }
      await client.join(newAppointment(), 'Ann');
    });

    test('a join without a valid room or name is refused, and a valid one after it succeeds', async () => {
      const client = await connect(server, mode);
      for (const [what, payload, refusal] of JOINS) {
        assert.deepEqual(await client.refused('join_room', payload), refusal, what);
      }
      await client.join(newAppointment(), 'Ann');
    });

    test('an invalid signal or message is refused and not delivered', async () => {
      const { ann, bob, appointment } = await connectPair(server, mode);
      const to = { appointment_id: appointment, remoteSocketId: ann.id };
      for (const [what, event, payload, refusal] of WITH_A_SEAT) {
        assert.deepEqual(await bob.refused(event, payload(to)), refusal, what);
      }
      const toMyself = { ...to, remoteSocketId: bob.id, offer: {} };
      assert.deepEqual(await bob.refused('send_offer', toMyself), { code: 'peer_not_found' });
      await bob.candidate(ann);
      await ann.next('ice_candidate');
      assert.deepEqual(ann.heard, ['joined_successfully', 'peer_joined', 'ice_candidate']);
    });
  });
}

test('a signal to a participant of another room is refused like one to an unknown id', async () => {
  const here = await connectPair(server, MODES[0]);
  const there = await connectPair(server, MODES[0]);
  const candidate = { candidate: {}, remoteSocketId: there.ann.id };
  assert.deepEqual(await here.bob.refused('ice_candidate', candidate), { code: 'peer_not_found' });
  await there.bob.candidate(there.ann);
  await there.ann.next('ice_candidate');
  assert.equal(there.ann.all('ice_candidate').length, 1);
});

test('a message to a history that is full is delivered, and refused with its reason', async () => {
  const { ann, bob, appointment } = await connectPair(server, MODES[0]);
  const full = Array.from({ length: 13 }, (_, number) => `${number} ${'x'.repeat(60_000)}`);
  assert.equal((await saveChats(server, appointment, full)).status, 200);
  assert.equal((await saveChats(server, appointment, [...full, 'x'.repeat(60_000)])).body.code, 'chats_full');

  // Uses up the share that is reserved for messages, too.
  const body = 'x'.repeat(16_000);
  let answer = { success: true };
  for (let id = 0; answer.success; id += 1) {
    answer = await bob.ask('send_message', { id: `${id}`, body });
    assert.equal((await ann.next('receive_message')).id, `${id}`);
  }
  const { message, ...rest } = answer;
  assert.equal(typeof message, 'string');
  assert.deepEqual(rest, { success: false, delivered: true, error: { code: 'chats_full' } });
  assert.equal((await bob.next('error')).code, 'chats_full');
  assert.ok(ann.all('receive_message').length > 10);
  const { chats } = await ann.join(appointment, 'Ann');
  assert.equal((await saveChats(server, appointment, chats)).status, 200);
  assert.deepEqual((await ann.join(appointment, 'Ann')).chats, chats);
});

test('events beyond the limit of waiting ones are refused, and the others are handled in order', async () => {
  const network = await startProxy(server);
  const { appointment } = await connectPair(network, MODES[0]);
  // The server takes a while to probe whether these two are alive.
  network.fallSilent();
  const carol = await openRaw(server, 'websocket');
  carol.send(`42${JSON.stringify(['join_room', { appointment_id: appointment, name: 'Carol' }])}`);
  const flood = 300;
  for (let id = 0; id < flood; id += 1) carol.send(`42${id}["no_such_event","${'x'.repeat(10_000)}"]`);

  const codes = { done: [], refused: [] };
  for (let count = 0; count < flood; count += 1) {
    const [, id, code] = /^43(\d+)\[.*"code":"(\w+)"/.exec(await carol.packet('43'));
    assert.ok(['unknown_event', 'too_many_requests'].includes(code), code);
    codes[code === 'unknown_event' ? 'done' : 'refused'].push(Number(id));
  }
  assert.ok(codes.refused.length > 0, 'nothing was refused');
  assert.deepEqual(codes.done, codes.done.map((_, id) => id), 'what could wait came first, and none of it was lost');
  await carol.packet('42["joined_successfully"');
});

describe('raw packets', () => {
  const MALFORMED = ['42["join_room",{]', '42["join_room",{"name":}]', '42[]', '42[null]', '42[{}]', '42[1,{}]'];

  for (const packet of MALFORMED) {
    test(`${packet} affects no other client`, async () => {
      const { ann, bob } = await connectPair(server, MODES[0]);
      const eve = await openRaw(server, 'websocket');
      eve.send(packet);
      eve.send('421["leave_room"]');
      // The library answers with an error or closes the session.
      await eve.next('an answer to the malformed packet');
      await bob.candidate(ann);
      await ann.next('ice_candidate');
    });
  }

  test('a repeated field is refused', async () => {
    const eve = await openRaw(server, 'websocket');
    eve.send('427["join_room",{"appointment_id":"a","appointment_id":"b","name":"Eve"}]');
    assert.match(await eve.packet('437['), /"code":"invalid_payload"/);
  });

  test('a signal that nests ten thousand deep is refused: it would overflow the stack of its reader', async () => {
    const appointment = newAppointment();
    const ann = await openRaw(server, 'websocket');
    const { participant } = await joinRaw(ann, appointment, 'Ann');
    const eve = await openRaw(server, 'websocket');
    await joinRaw(eve, appointment, 'Eve');
    const candidate = `{"c":${'['.repeat(10_000)}${']'.repeat(10_000)}}`;
    eve.send(`427["ice_candidate",{"remoteSocketId":"${participant}","candidate":${candidate}}]`);
    assert.match(await eve.packet('437['), /"code":"invalid_payload"/);
  });

  test('a refusal is sent as an event too when no ack is requested', async () => {
    const eve = await openRaw(server, 'polling');
    await eve.send('42["leave_room"]');
    assert.equal(await eve.next(), '42["error",{"message":"Join a room first","code":"not_joined"}]');
  });
});

describe('a page of another origin', () => {
  const headers = { origin: 'https://evil.example' };

  test('gets no session by long polling', async () => {
    const { status, body } = await request(server, 'GET', { headers });
    assert.equal(status, 403);
    assert.equal(JSON.parse(body).code, 'origin_not_allowed');
  });

  test('gets no session by WebSocket', async () => {
    assert.equal((await RawWebSocket.attempt(server, { headers })).status, 403);
  });

  test('cannot use a session that it knows', async () => {
    const ann = await openRaw(server, 'polling');
    const { sid } = ann;
    const join = `42${JSON.stringify(['join_room', { appointment_id: newAppointment(), name: 'Eve' }])}`;
    assert.equal((await request(server, 'POST', { sid, headers, body: join })).status, 403);
    assert.equal((await request(server, 'GET', { sid, headers })).status, 403);
    const reply = await joinRaw(ann, newAppointment(), 'Ann');
    assert.equal(reply.remoteSocket, null);
  });
});

test('an address that opens too many sessions is refused for a while', async () => {
  const strict = await startServer({ NEW_SESSIONS_PER_ADDRESS: '2' });
  const openings = [];
  for (let count = 0; count < 3; count += 1) openings.push(await request(strict, 'GET'));
  const refused = openings.filter(({ status }) => status === 429);
  assert.ok(refused.length >= 1, JSON.stringify(openings));
  assert.equal(JSON.parse(refused[0].body).code, 'too_many_requests');
});
