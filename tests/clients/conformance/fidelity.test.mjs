// Offers, answers and candidates arrive byte for byte: the same text, not only an equal value.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { connectAndJoin, newAppointment } from '../support/client.mjs';
import { MODES } from '../support/modes.mjs';
import { joinRaw, openRaw } from '../support/raw.mjs';
import { startServer } from '../support/server.mjs';

const server = await startServer();

/** Objects that a server would change by parsing and printing JSON. */
const TEXTS = {
  'numbers in every notation': '{"a":1e3,"b":1E+3,"c":1.0,"d":-0,"e":0.1e-7,"f":100000000000000000000e-20}',
  'integers beyond 64 bits': '{"a":18446744073709551615,"b":18446744073709551616,"c":-9223372036854775809}',
  'keys in their order, doubles included': '{"z":1,"a":2,"10":3,"9":4,"z":5}',
  'escapes as they were written': String.raw`{"a":"\u0041\/\b\u00e9é\ud83d\ude00😀","\u006b":1}`,
  'half of a surrogate pair': String.raw`{"a":"\ud800","b":"\udc00\ud800"}`,
  'a NUL and other control characters': String.raw`{"a":"\u0000\u001f\u007f"}`,
  'white space': '{ "a" :\t[ 1 , 2 ] ,\n"b":{ } }',
  'keys with a meaning elsewhere': '{"__proto__":{"x":1},"constructor":null,"$oid":"zz","_placeholder":true,"num":0}',
  'a hundred levels': `{"a":${'['.repeat(100)}${']'.repeat(100)}}`,
  'text in several scripts': '{"a":"日本語 עברית \u202eعربي 👩‍⚕️"}',
  'line separators of JavaScript': '{"a":"\u2028\u2029"}',
  'nothing at all': '{}',
};

const SIGNALS = [
  { send: 'send_offer', field: 'offer', receive: 'receive_offer' },
  { send: 'send_answer', field: 'answer', receive: 'receive_answer' },
  { send: 'ice_candidate', field: 'candidate', receive: 'ice_candidate' },
];

async function rawPair(transport) {
  const appointment = newAppointment();
  const ann = await openRaw(server, transport);
  const { participant } = await joinRaw(ann, appointment, 'Ann');
  const bob = await openRaw(server, transport);
  const reply = await joinRaw(bob, appointment, 'Bob');
  await ann.packet('42["peer_joined"');
  return { appointment, ann, annId: participant, bob, bobId: reply.participant };
}

for (const transport of ['websocket', 'polling']) {
  describe(`over ${transport}, character for character`, () => {
    for (const [what, text] of Object.entries(TEXTS)) {
      test(what, async () => {
        const { appointment, ann, annId, bob, bobId } = await rawPair(transport);
        let seq = 1;
        for (const { send, field, receive } of SIGNALS) {
          const room = field === 'candidate' ? '' : `"appointment_id":${JSON.stringify(appointment)},`;
          await bob.send(`42["${send}",{${room}"${field}":${text},"remoteSocketId":"${annId}","surplus":[1]}]`);
          seq += 1;
          const received = await ann.packet(`42["${receive}"`);
          const from = field === 'candidate' ? '' : `"from":"${bobId}",`;
          const name = field === 'offer' ? '"name":"Bob",' : '';
          assert.equal(received, `42["${receive}",{${from}"${field}":${text},${name}"seq":${seq}}]`);
        }
      });
    }

    test('the end of candidates, in all of its forms', async () => {
      const { ann, annId, bob } = await rawPair(transport);
      const ends = ['null', '{}', '{"candidate":""}', '{"candidate":null}', '{"candidate":"","sdpMid":null}'];
      for (const end of ends) {
        await bob.send(`42["ice_candidate",{"remoteSocketId":"${annId}","candidate":${end}}]`);
        const received = await ann.packet('42["ice_candidate"');
        assert.match(received, /,"seq":\d+}]$/);
        assert.equal(received.slice(0, received.lastIndexOf(',"seq"')), `42["ice_candidate",{"candidate":${end}`);
      }
    });

    test('an offer of the largest size', async () => {
      const { appointment, ann, annId, bob } = await rawPair(transport);
      const empty = '{"sdp":""}';
      const offer = `{"sdp":"${'é'.repeat((64 * 1024 - empty.length) / 2)}"}`;
      assert.equal(Buffer.byteLength(offer), 64 * 1024);
      const rest = `"appointment_id":${JSON.stringify(appointment)},"remoteSocketId":"${annId}"`;
      await bob.send(`42["send_offer",{"offer":${offer},${rest}}]`);
      assert.ok((await ann.packet('42["receive_offer"')).includes(`"offer":${offer},`));
      await bob.send(`42["send_offer",{"offer":${offer.replace('é', 'éa')},${rest}}]`);
      assert.match(await bob.packet('42["error"'), /"code":"payload_too_large","field":"offer"/);
    });
  });
}

describe('as values, between real clients', () => {
  for (const mode of MODES) {
    test(`over ${mode.name}`, async () => {
      const appointment = newAppointment();
      const ann = await connectAndJoin(server, mode, appointment, 'Ann');
      const bob = await connectAndJoin(server, mode, appointment, 'Bob');
      for (const text of Object.values(TEXTS)) {
        // Through JSON, as JavaScript prints it: -0 becomes 0.
        const value = JSON.parse(JSON.stringify(JSON.parse(text)));
        await bob.offer(ann, value);
        await bob.answer(ann, value);
        await bob.candidate(ann, value);
        assert.deepEqual((await ann.next('receive_offer')).offer, value);
        assert.deepEqual((await ann.next('receive_answer')).answer, value);
        assert.deepEqual((await ann.next('ice_candidate')).candidate, value);
      }
      await bob.candidate(ann, null);
      assert.equal((await ann.next('ice_candidate')).candidate, null);
    });
  }
});
