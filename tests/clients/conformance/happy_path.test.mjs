// The mesh document, word for word: a client that knows only the document and asks for no acks.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Client, newAppointment } from '../support/client.mjs';
import { healthStatus, saveChats } from '../support/http.mjs';
import { MODES_AT_ALL_PATHS } from '../support/modes.mjs';
import { startServer } from '../support/server.mjs';

const server = await startServer();

describe('a client written from the document alone', { concurrency: 3 }, () => {
  for (const mode of MODES_AT_ALL_PATHS) {
    test(`joins, calls, chats and hangs up over ${mode.name}`, () => meetAndHangUp(mode));
  }
});

async function meetAndHangUp(mode) {
  const appointment_id = newAppointment();

  const ann = new Client(server, mode);
  ann.socket.emit('join_room', { appointment_id, name: 'Ann' });
  const alone = await ann.next('joined_successfully');
  assert.equal(alone.message, 'Joined Successfully');
  assert.equal(alone.remoteSocket, null);
  assert.equal(alone.opponent_name, null);
  assert.deepEqual(alone.chats, []);

  const bob = new Client(server, mode);
  bob.socket.emit('join_room', { appointment_id, name: 'Bob' });
  const { message, remoteSocket, opponent_name, chats } = await bob.next('joined_successfully');
  assert.deepEqual({ message, opponent_name, chats }, { message: 'Joined Successfully', opponent_name: 'Ann', chats: [] });

  const offer = { type: 'offer', sdp: 'v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\n' };
  bob.socket.emit('send_offer', { appointment_id, offer, remoteSocketId: remoteSocket });
  const offered = await ann.next('receive_offer');
  assert.deepEqual(offered.offer, offer);
  assert.equal(offered.name, 'Bob');

  const answer = { type: 'answer', sdp: 'v=0\r\no=- 2 1 IN IP4 0.0.0.0\r\n' };
  ann.socket.emit('send_answer', { appointment_id, answer, remoteSocketId: offered.from });
  const answered = await bob.next('receive_answer');
  assert.deepEqual(answered.answer, answer);
  assert.equal(answered.from, remoteSocket);

  const candidate = { candidate: 'candidate:1 1 udp 1 192.0.2.1 9 typ host', sdpMid: '0', sdpMLineIndex: 0 };
  ann.socket.emit('ice_candidate', { remoteSocketId: offered.from, candidate });
  bob.socket.emit('ice_candidate', { remoteSocketId: answered.from, candidate });
  assert.deepEqual((await bob.next('ice_candidate')).candidate, candidate);
  assert.deepEqual((await ann.next('ice_candidate')).candidate, candidate);

  assert.deepEqual(await healthStatus(server), { status: 200, body: '{}' });
  assert.deepEqual(await saveChats(server, appointment_id, [{ sender: 'Ann', text: 'hello' }]), {
    status: 200,
    body: { success: true, message: 'Chats saved Successfully' },
  });

  bob.socket.disconnect();
  assert.equal(typeof (await ann.next('user_left')).message, 'string');
  assert.deepEqual([...ann.all('error'), ...bob.all('error')], []);
}
