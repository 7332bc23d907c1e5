// A STUN and TURN server without accounts: answers STUN with a made-up address, and refuses every allocation.
// Source: RFC 8489 (STUN), RFC 8656 (TURN)

import { createSocket } from 'node:dgram';
import { once } from 'node:events';

const HEADER = 20;
const COOKIE = 0x2112a442;
const BINDING = 0x0001;
const ALLOCATE = 0x0003;
const SUCCESS = 0x0100;
const ERROR = 0x0110;

const XOR_MAPPED_ADDRESS = 0x0020;
const ERROR_CODE = 0x0009;
const REALM = 0x0014;
const NONCE = 0x0015;

/** An address reserved for documentation. */
const ADDRESS = [203, 0, 113, 7];

/** Listens on a free port of the loopback interface. */
export async function startStun() {
  const socket = createSocket('udp4');
  socket.on('message', (request, { port, address }) => {
    const answer = answerTo(request, port);
    if (answer) socket.send(answer, port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const at = `127.0.0.1:${socket.address().port}`;
  return { stun: `stun:${at}`, turn: `turn:${at}?transport=udp`, stop: () => socket.close() };
}

function answerTo(request, port) {
  if (request.length < HEADER || request.readUInt32BE(4) !== COOKIE) return null;
  const type = request.readUInt16BE(0);
  const transaction = request.subarray(8, HEADER);
  if (type === BINDING) return message(BINDING | SUCCESS, transaction, [[XOR_MAPPED_ADDRESS, mapped(port)]]);
  if (type !== ALLOCATE) return null;
  return message(ALLOCATE | ERROR, transaction, [
    [ERROR_CODE, Buffer.from([0, 0, 4, 1, ...Buffer.from('Unauthorized')])],
    [REALM, Buffer.from('example')],
    [NONCE, Buffer.from('once')],
  ]);
}

function mapped(port) {
  const value = Buffer.alloc(8);
  value.writeUInt8(1, 1);
  value.writeUInt16BE(port ^ (COOKIE >>> 16), 2);
  value.writeUInt32BE((Buffer.from(ADDRESS).readUInt32BE(0) ^ COOKIE) >>> 0, 4);
  return value;
}

function message(type, transaction, attributes) {
  const body = Buffer.concat(attributes.map(([name, value]) => attribute(name, value)));
  const header = Buffer.alloc(8);
  header.writeUInt16BE(type, 0);
  header.writeUInt16BE(body.length, 2);
  header.writeUInt32BE(COOKIE, 4);
  return Buffer.concat([header, transaction, body]);
}

function attribute(name, value) {
  const header = Buffer.alloc(4);
  header.writeUInt16BE(name, 0);
  header.writeUInt16BE(value.length, 2);
  return Buffer.concat([header, value, Buffer.alloc((4 - (value.length % 4)) % 4)]);
}
