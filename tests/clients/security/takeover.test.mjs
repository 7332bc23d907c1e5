// An attacker who knows all that one participant was told cannot take over the other's session or seat.
//
// Engine.IO's session id gives full access to a session: polling reads it, a POST sends for it, an upgrade
// takes it over. So it must never be sent to the other participant, and must not be derivable from any value
// that is.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CAN_RESUME, connect, connectPair, newAppointment } from '../support/client.mjs';
import { MODES_AT_ALL_PATHS } from '../support/modes.mjs';
import { RawWebSocket, request } from '../support/raw.mjs';
import { startServer } from '../support/server.mjs';
import { stringsIn } from '../support/values.mjs';

const server = await startServer();

/** Makes the two send every kind of event, so that the attacker has been told all there is. */
async function talk(ann, bob) {
  await ann.offer(bob, { sdp: 'offer' });
  await bob.answer(ann, { sdp: 'answer' });
  await ann.candidate(bob);
  await bob.candidate(ann);
  await ann.tell('send_message', { id: 'of Ann', body: 'hello' });
  for (const event of ['receive_offer', 'ice_candidate', 'receive_message']) await bob.next(event);
  for (const event of ['receive_answer', 'ice_candidate']) await ann.next(event);
  await bob.join(bob.appointment, 'Bob');
}

/**
 * All values that the attacker was told, and values derived from them; without the attacker's own secrets.
 */
function knowledgeOf(attacker) {
  const own = new Set([...attacker.transportIds, ...attacker.replies.map(({ session }) => session)]);
  const told = stringsIn([attacker.inbox.all, attacker.replies, attacker.engine.transport.query]).filter(
    (text) => text !== '' && !own.has(text),
  );
  const ids = told.filter((text) => /^[0-9a-f-]{36}$/.test(text));
  const derived = ids.flatMap((id) => {
    const bytes = Buffer.from(id.replaceAll('-', ''), 'hex');
    const encoded = [bytes.toString('base64url'), bytes.toString('base64'), bytes.toString('hex')];
    return [...encoded, encoded[0].slice(0, 16), encoded[0].slice(-16), id.toUpperCase()];
  });
  return [...new Set([...told, ...derived])];
}

async function assertOpensNothing(value, path) {
  const target = { path, sid: value };
  const { status, first } = await RawWebSocket.attempt(server, target);
  const verdicts = {
    polling: (await request(server, 'GET', target)).status,
    posting: (await request(server, 'POST', { ...target, body: '42["leave_room"]' })).status,
    closing: (await request(server, 'POST', { ...target, body: '1' })).status,
    // Refused at once, or closed without an answer: both reveal nothing.
    upgraded: status === 101 && typeof first === 'string',
  };
  assert.deepEqual(verdicts, { polling: 400, posting: 400, closing: 400, upgraded: false }, `with ${value}`);
}

describe('an attacker who knows all that the other participant was told', { concurrency: 3 }, () => {
  for (const mode of MODES_AT_ALL_PATHS) {
    test(`cannot read, send or upgrade for a victim over ${mode.name}`, async () => {
      const { ann, bob } = await connectPair(server, mode);
      await talk(ann, bob);
      const knowledge = knowledgeOf(bob);
      assert.ok(knowledge.includes(ann.id), 'the attacker knows who the victim is');
      const engineId = ann.engine.id;
      const heard = ann.heard.length;

      for (const value of knowledge) await assertOpensNothing(value, mode.path);

      assert.equal(ann.engine.id, engineId);
      assert.deepEqual(ann.all('(disconnected)'), []);
      await bob.candidate(ann, { number: 1 });
      await ann.candidate(bob, { number: 2 });
      assert.equal((await ann.next('ice_candidate')).candidate.number, 1);
      assert.equal((await bob.next('ice_candidate')).candidate.number, 2);
      assert.deepEqual(ann.heard.slice(heard), ['ice_candidate']);
    });

    test(`cannot get the seat of a connected victim over ${mode.name}`, async () => {
      const { ann, bob, appointment } = await connectPair(server, mode, newAppointment(), CAN_RESUME);
      await talk(ann, bob);
      const knowledge = knowledgeOf(bob);
      const heard = [ann.heard.length, bob.heard.length];
      const eve = await connect(server, mode);
      for (const session of knowledge) {
        const join = { appointment_id: appointment, name: 'Ann', session };
        assert.deepEqual(await eve.refused('join_room', join), { code: 'room_full' }, `with ${session}`);
      }
      assert.deepEqual([ann.heard.length, bob.heard.length], heard);
      assert.deepEqual([...ann.all('(disconnected)'), ...bob.all('(disconnected)')], []);
      await bob.candidate(ann);
      await ann.next('ice_candidate');
    });

    test(`cannot get the seat of a victim whose connection is lost over ${mode.name}`, async () => {
      const { ann, bob, appointment } = await connectPair(server, mode, newAppointment(), CAN_RESUME);
      await talk(ann, bob);
      const knowledge = knowledgeOf(bob);
      ann.socket.io.reconnection(false);
      ann.engine.close();
      assert.equal((await bob.next('peer_reconnecting')).remoteSocket, ann.id);
      const eve = await connect(server, mode);
      for (const session of [null, ...knowledge]) {
        assert.ok((await eve.timeUntilFree(appointment, 'Ann', { session })) > 0, `with ${session}`);
      }
      const annAgain = await connect(server, mode);
      const reply = await annAgain.join(appointment, 'Ann', { session: ann.reply.session });
      assert.equal(reply.participant, ann.id);
      assert.deepEqual(bob.all('user_left'), []);
      assert.ok(eve.heard.every((event) => event === 'error'), `the attacker heard ${eve.heard}`);
    });
  }
});
