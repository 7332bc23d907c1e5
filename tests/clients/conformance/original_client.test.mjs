// A client like the original server's: it has no `session`, uses WebSocket only, asks for no acks, and ends
// the call on `user_left` and `error`. When its page closes, the browser sends a Close frame 1001.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Client, newAppointment } from '../support/client.mjs';
import { saveChats } from '../support/http.mjs';
import { startServer } from '../support/server.mjs';

const MODE = { path: '/api/v1/signalling/socket', transports: ['websocket'] };

const server = await startServer({ MESH_DIALECT: 'original' });

/** A page with that client. */
class Page {
  client = new Client(server, MODE);

  constructor(appointment, name) {
    this.appointment = appointment;
    this.client.name = name;
    // The page is closed, and its socket does not reconnect.
    this.client.socket.io.reconnection(false);
    for (const event of ['user_left', 'error']) this.client.socket.on(event, () => this.endCall());
  }

  /** Joins. Resolves with the server's first event. */
  async join() {
    await this.client.connected();
    this.client.socket.emit('join_room', { appointment_id: this.appointment, name: this.client.name });
    this.joined = await this.client.next('joined_successfully');
    return this.joined;
  }

  async endCall() {
    const { name } = this.client;
    await saveChats(server, this.appointment, [{ isMe: true, message: `by ${name}`, user_id: name }]);
    this.client.socket.disconnect();
  }

  /** Closes or reloads the tab. */
  goAway() {
    this.client.engine.transport.ws.close(1001);
  }
}

/** Two pages, of which the second has sent an offer and got the answer. */
async function call(appointment, names = ['Ann', 'Bob']) {
  const [first, second] = names.map((name) => new Page(appointment, name));
  assert.equal((await first.join()).remoteSocket, null);
  const { remoteSocket, opponent_name } = await second.join();
  assert.equal(opponent_name, names[0]);

  const offer = { type: 'offer', sdp: 'v=0\r\n' };
  second.client.socket.emit('send_offer', { appointment_id: appointment, offer, remoteSocketId: remoteSocket });
  const { from } = await first.client.next('receive_offer');
  const answer = { type: 'answer', sdp: 'v=0\r\n' };
  first.client.socket.emit('send_answer', { appointment_id: appointment, answer, remoteSocketId: from });
  await second.client.next('receive_answer');
  const candidate = { candidate: '', sdpMid: '0' };
  second.client.socket.emit('ice_candidate', { remoteSocketId: remoteSocket, candidate });
  assert.deepEqual(await first.client.next('ice_candidate'), candidate);
  return { first, second };
}

describe('when a page of the original closes', { concurrency: true }, () => {
  for (const who of ['first', 'second']) {
    test(`the other side gets user_left at once and ends the call; both meet again (${who} leaves)`, async () => {
      const appointment = newAppointment();
      const pages = await call(appointment);
      const stays = pages[who === 'first' ? 'second' : 'first'];
      pages[who].goAway();
      await stays.client.next('user_left');
      // A seat that is held at first would be told of before.
      assert.deepEqual(stays.client.all('peer_reconnecting'), []);
      await stays.client.disconnected();

      const again = await call(appointment, ['Bob', 'Ann']);
      assert.deepEqual([...again.first.client.all('error'), ...again.second.client.all('error')], []);
      const saved = again.second.joined.chats.map(({ message }) => message);
      assert.deepEqual(saved, [`by ${stays.client.name}`]);
    });
  }

  test('and returns before the other side has left, the two are paired', async () => {
    const appointment = newAppointment();
    const { first, second } = await call(appointment);
    first.client.socket.off('user_left');
    second.goAway();
    await first.client.next('user_left');
    const back = new Page(appointment, 'Bob');
    const { remoteSocket, opponent_name } = await back.join();
    assert.deepEqual([remoteSocket, opponent_name], [first.joined.participant, 'Ann']);
    await first.client.next('peer_joined');
  });
});
