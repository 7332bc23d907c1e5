// The transcripts that are played to both servers: all that a broken or hostile client may send below the
// level of events.

import { SEPARATOR } from '../support/raw.mjs';

const OVER_LIMIT = 1_000_001;

/** @type {{name: string, play: (stage: import('./stage.mjs').Stage) => Promise<void>}[]} */
export const TRANSCRIPTS = [];

function transcript(name, play) {
  TRANSCRIPTS.push({ name, play });
}

/** The same packets, one after the other, over both transports. */
function says(name, packets, { connected = true } = {}) {
  for (const transport of ['websocket', 'polling']) {
    transcript(`${name}, over ${transport}`, async (stage) => {
      const client = await stage.open(transport, { connected });
      for (const packet of packets) await client.send(packet);
      await client.settle();
    });
  }
}

/** As {@link says}, one at a time: each packet is sent after the one before it has been answered. */
function saysSlowly(name, packets, { connected = true } = {}) {
  for (const transport of ['websocket', 'polling']) {
    transcript(`${name}, over ${transport}`, async (stage) => {
      const client = await stage.open(transport, { connected });
      for (const packet of packets) {
        await client.send(packet);
        // Only connecting is asynchronous.
        if (/^40([^/]|\/,|$)/.test(packet)) await client.connected();
        await client.settle();
      }
    });
  }
}

// Opening a session.

transcript('opening by WebSocket', async (stage) => {
  const client = await stage.open('websocket', { connected: false });
  await client.settle();
});
transcript('opening by long polling', (stage) => stage.request('GET', {}));

for (const EIO of ['3', '5', '', 'x', null]) {
  transcript(`opening with Engine.IO version ${EIO ?? 'missing'}`, (stage) => stage.request('GET', { query: { EIO } }));
  transcript(`upgrading at once with Engine.IO version ${EIO ?? 'missing'}`, (stage) => stage.attempt({ query: { EIO } }));
}
for (const transport of ['none', 'webtransport', '', 'Polling', null]) {
  transcript(`opening over transport ${transport ?? 'missing'}`, (stage) => stage.request('GET', { query: { transport } }));
}
transcript('opening over WebSocket without an upgrade', (stage) => stage.request('GET', { query: { transport: 'websocket' } }));
transcript('upgrading at once over transport polling', (stage) => stage.attempt({ query: { transport: 'polling' } }));
for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
  transcript(`opening by ${method}`, (stage) => stage.request(method, { body: method === 'POST' ? '40' : undefined }));
}
for (const sid of ['AAAAAAAAAAAAAAAA', 'x', '../../etc/passwd', '__proto__', 'é'.repeat(16), 'A'.repeat(4_000)]) {
  transcript(`an unknown session ${sid.slice(0, 20)}`, async (stage) => {
    await stage.request('GET', { sid });
    await stage.request('POST', { sid, body: '40' });
  });
  transcript(`upgrading an unknown session ${sid.slice(0, 20)}`, (stage) => stage.attempt({ sid }));
}
transcript('another Engine.IO version within a session', async (stage) => {
  const client = await stage.open('polling');
  await stage.request('POST', { sid: client.sid, query: { EIO: '3' }, body: '42["leave_room"]' });
  await client.settle();
});
transcript('a method that is none of the protocol within a session', async (stage) => {
  const client = await stage.open('polling');
  await stage.request('PUT', { sid: client.sid, body: '42["leave_room"]' });
  await client.settle();
});

// Connecting to namespaces.

saysSlowly('connecting', ['40'], { connected: false });
saysSlowly('connecting with auth', ['40{"token":"x"}'], { connected: false });
saysSlowly('connecting with an empty auth', ['40{}'], { connected: false });
saysSlowly('connecting to the default namespace by name', ['40/,'], { connected: false });
saysSlowly('connecting with auth that is no JSON', ['40{'], { connected: false });
saysSlowly('connecting with auth that is a text', ['40"x"'], { connected: false });
says('connecting to an unknown namespace', ['40/unknown,'], { connected: false });
says('connecting to an unknown namespace without a comma', ['40/unknown'], { connected: false });
says('connecting to an unknown namespace with a query', ['40/unknown?a=1,{"b":2}'], { connected: false });
says('connecting to a namespace named like a method', ['40/__proto__,'], { connected: false });
says('connecting to two hundred unknown namespaces', Array.from({ length: 200 }, (_, n) => `40/${n},`), { connected: false });
says('connecting twice', ['40', '427["leave_room"]']);
says('an event before connecting', ['421["leave_room"]'], { connected: false });
saysSlowly('an event before connecting, and then connecting', ['421["leave_room"]', '40'], { connected: false });
says('an event to an unknown namespace', ['421/unknown,["leave_room"]', '42/unknown,7["leave_room"]']);
says('disconnecting before connecting', ['41'], { connected: false });
says('disconnecting', ['41']);
saysSlowly('disconnecting, and an event after it', ['41', '421["leave_room"]']);
saysSlowly('disconnecting and connecting again', ['41', '40', '421["leave_room"]']);
says('disconnecting from an unknown namespace', ['41/unknown,', '421["leave_room"]']);
says('closing the session', ['1']);

// Events and acks.

says('events with acks', ['420["leave_room"]', '421["leave_room"]', '42["leave_room"]', '427["leave_room"]']);
says('acks in the order of the events, whatever their ids', ['429["leave_room"]', '420["leave_room"]', '425["no_such"]']);
says('an ack id twice', ['421["leave_room"]', '421["leave_room"]']);
says('a large ack id', ['422147483648["leave_room"]', '429007199254740991["leave_room"]']);
says('an ack id beyond 2^53', ['429007199254740993["leave_room"]']);
says('an ack id beyond 2^64', ['42100000000000000000000["leave_room"]']);
says('an ack id of a thousand digits', [`42${'9'.repeat(1_000)}["leave_room"]`]);
says('an ack id with leading zeros', ['42007["leave_room"]']);
says('an ack id below zero', ['42-1["leave_room"]']);
says('an ack id with a fraction', ['421.5["leave_room"]']);
says('unrequested acks', ['430["x"]', '4399999[]', '421["leave_room"]']);
says('an ack without an id', ['43["x"]', '421["leave_room"]']);
says('an ack that is no array', ['431{}', '421["leave_room"]']);
for (const text of ['', '[', '["leave_room"', '["leave_room",]', '["leave_room"]]', '{}', 'null', '"leave_room"', 'x']) {
  says(`an event that is no JSON array: ${text || 'nothing'}`, [`42${text}`, '421["leave_room"]']);
}
for (const text of ['[]', '[null]', '[{}]', '[true]', '[["leave_room"]]']) {
  says(`an event without a name: ${text}`, [`42${text}`, '421["leave_room"]']);
}
says('an event whose name is a number', ['42[7]', '421["leave_room"]']);
says('an event whose name is empty', ['421[""]']);
says('an event of 100 kB', [`421["${'x'.repeat(100_000)}"]`]);
says('white space around an event', ['42 ["leave_room"]', '42[ "leave_room" ] ']);
for (const event of ['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener']) {
  says(`an event with the reserved name ${event}`, [`421["${event}"]`, '422["leave_room"]']);
}
for (const event of ['error', '__proto__', 'constructor', 'toString', 'probe']) {
  says(`an event named ${event}`, [`421["${event}"]`, '422["leave_room"]']);
}
says('a payload that is none', ['421["join_room"]', '422["join_room",null]', '423["join_room",7]', '424["join_room",{},{}]']);
says('a hundred events in a row', Array.from({ length: 100 }, (_, id) => `42${id}["leave_room"]`));

// Invalid packets.

for (const packet of ['4', '47', '48', '49["leave_room"]', '4x', '4-1', '4é', '44{"message":"x"}', '44']) {
  says(`the Socket.IO packet ${packet}`, [packet, '421["leave_room"]']);
}
for (const packet of ['6', '7', '9', 'x', '😀', ' ', '0{"sid":"x"}', '2', '3', '2probe', '3probe', '5', '\u0000']) {
  says(`the Engine.IO packet ${JSON.stringify(packet)}`, [packet, '421["leave_room"]']);
}
says('an empty Engine.IO packet', ['', '421["leave_room"]']);

// Attachments.

const ATTACHED = '{"_placeholder":true,"num":0}';
const BYTES = new Uint8Array([1, 2, 3]);
says('an event with an attachment', [`451-1["leave_room",${ATTACHED}]`, BYTES]);
says('an event with an attachment deep inside', [`451-1["leave_room",{"a":[{"b":${ATTACHED}}]}]`, BYTES]);
says('an event whose attachment never comes', [`451-1["leave_room",${ATTACHED}]`, '422["leave_room"]']);
says('an attachment without an event', [BYTES, '421["leave_room"]']);
says('one attachment too many', [`451-1["leave_room",${ATTACHED}]`, BYTES, BYTES, '422["leave_room"]']);
says('an event with two attachments', [`452-1["leave_room",${ATTACHED},{"_placeholder":true,"num":1}]`, BYTES, BYTES]);
says('an attachment before connecting', [`451-1["leave_room",${ATTACHED}]`, BYTES], { connected: false });
for (const packet of [
  '45', '45-', '451', '451-', '45-["leave_room"]', '45x-["leave_room"]', '45-1-["leave_room"]', '451.5-["leave_room"]',
  '459999999999-', `459999999999-["leave_room",${ATTACHED}]`, `4511-["leave_room",${ATTACHED}]`, '450-["leave_room"]',
  '451-["leave_room"]', '451-["leave_room",{"_placeholder":true,"num":7}]', '451-["leave_room",{"_placeholder":true,"num":-1}]',
  '451-["leave_room",{"_placeholder":true,"num":"0"}]', '451-["leave_room",{"_placeholder":1}]', '451-[]', '451-{}',
]) {
  says(`the binary packet ${packet}`, [packet, BYTES, '422["leave_room"]']);
}
says('an unrequested binary ack', [`461-7[${ATTACHED}]`, BYTES, '421["leave_room"]']);
for (const body of ['b', 'b!', 'bA', 'bAQID', 'b====', `b${'A'.repeat(1_001)}`]) {
  transcript(`the base64 ${body.slice(0, 10)} over polling`, async (stage) => {
    const client = await stage.open('polling');
    await client.send(`451-1["leave_room",${ATTACHED}]`);
    await client.send(body);
    await client.settle();
  });
}

// Texts, from one client to another.

for (const transport of ['websocket', 'polling']) {
  for (const [what, text] of [
    ['several scripts', '"日本語 עברית 👩‍⚕️"'],
    ['a NUL', String.raw`"\u0000"`],
    ['half of a surrogate pair', String.raw`"\ud83d"`],
    ['separators of packets', String.raw`"\u001e4"`],
    ['separators of lines', '"\u2028"'],
    ['nothing', '""'],
    ['sixty thousand characters', `"${'é'.repeat(30_000)}"`],
  ]) {
    transcript(`${what} relayed over ${transport}`, async (stage) => {
      const { writer, reader, to } = await stage.pair(transport);
      await writer.send(`421["ice_candidate",{${to},"candidate":{"a":${text}}}]`);
      await writer.settle();
      await reader.raw.packet('42["ice_candidate"');
      await reader.settle();
    });
  }
}
transcript('a text frame that is not UTF-8', async (stage) => {
  const client = await stage.open('websocket');
  client.sendBytesAsText(Buffer.from([0x34, 0x32, 0x5b, 0x22, 0xff, 0xfe, 0x22, 0x5d]));
  await client.settle();
});
transcript('a long-polling body that is not UTF-8', async (stage) => {
  const client = await stage.open('polling');
  const body = Buffer.concat([Buffer.from('421["'), Buffer.from([0xff, 0xfe]), Buffer.from('"]')]);
  await stage.request('POST', { sid: client.sid, body });
  await client.settle();
});

// Long polling.

for (const [what, body] of [
  ['several packets', ['421["leave_room"]', '422["leave_room"]', '423["no_such"]'].join(SEPARATOR)],
  ['several packets with a broken one between', ['421["leave_room"]', '4x', '422["leave_room"]'].join(SEPARATOR)],
  ['a separator in front', `${SEPARATOR}421["leave_room"]`],
  ['a separator at the end', `421["leave_room"]${SEPARATOR}`],
  ['two separators in a row', `421["leave_room"]${SEPARATOR}${SEPARATOR}422["leave_room"]`],
  ['one separator', SEPARATOR],
  ['a flood of separators', SEPARATOR.repeat(100_000)],
  ['nothing', ''],
  ['the packets of Engine.IO version 3', '17:421["leave_room"]'],
]) {
  transcript(`posting ${what}`, async (stage) => {
    const client = await stage.open('polling');
    await client.send(body);
    await client.settle();
  });
}
transcript('posting ten thousand small packets at once', async (stage) => {
  const client = await stage.open('polling');
  await client.send(Array(10_000).fill('3').join(SEPARATOR));
  await client.send('421["leave_room"]');
  await client.settle();
});
for (const type of ['application/json', 'application/octet-stream', 'application/x-www-form-urlencoded', 'nonsense']) {
  transcript(`posting as ${type}`, async (stage) => {
    const client = await stage.open('polling');
    const headers = { 'content-type': type };
    await stage.request('POST', { sid: client.sid, body: '421["leave_room"]', headers });
    await client.settle();
  });
}
transcript('posting more than the limit', async (stage) => {
  const client = await stage.open('polling');
  await stage.request('POST', { sid: client.sid, body: `42["${'x'.repeat(OVER_LIMIT)}"]` });
  await client.settle();
});
transcript('sending more than the limit over websocket', async (stage) => {
  const client = await stage.open('websocket');
  await client.send(`42["${'x'.repeat(OVER_LIMIT)}"]`);
  await client.settle();
});
transcript('sending an attachment of more than the limit over websocket', async (stage) => {
  const client = await stage.open('websocket');
  await client.send(`451-["leave_room",${ATTACHED}]`);
  await client.send(new Uint8Array(OVER_LIMIT));
  await client.settle();
});
transcript('two polls at once', async (stage) => {
  const client = await stage.open('polling');
  await client.settle();
  // The client's own poll is under way or about to start, and there is no packet to answer with.
  await client.raw.poll();
  await client.end();
  await stage.request('GET', { sid: client.sid });
});
transcript('polling after the session was closed', async (stage) => {
  const client = await stage.open('polling');
  await client.send('1');
  await client.end();
  await stage.request('GET', { sid: client.sid });
  await stage.request('POST', { sid: client.sid, body: '3' });
});

// Upgrading to WebSocket.

/** Upgrades to WebSocket as the protocol says. */
async function upgraded(stage) {
  const client = await stage.open('polling');
  await client.settle();
  const socket = await stage.upgrade(client);
  await socket.send('2probe');
  await socket.raw.packet('3probe');
  await client.raw.pause();
  await socket.send('5');
  socket.takesOver(client);
  return { client, socket };
}

transcript('the upgrade', async (stage) => {
  const { socket } = await upgraded(stage);
  await socket.send('421["leave_room"]');
  await socket.settle();
});
transcript('packets by both ways during the upgrade', async (stage) => {
  const client = await stage.open('polling');
  await client.send('421["leave_room"]');
  await client.settle();
  const socket = await stage.upgrade(client);
  await socket.send('2probe');
  await socket.raw.packet('3probe');
  await client.send('422["leave_room"]');
  await client.raw.pause();
  await socket.send('5');
  socket.takesOver(client);
  await socket.send('423["leave_room"]');
  await socket.settle();
  // The protocol leaves open which transport carries an answer made during the upgrade.
  const told = [...client.heard(), ...socket.heard()];
  client.forget();
  socket.forget();
  stage.note('acks over either transport', told.filter((packet) => /^43\d\[/.test(packet)).join(' '));
});
transcript('an upgrade without a probe', async (stage) => {
  const client = await stage.open('polling');
  await client.settle();
  const socket = await stage.upgrade(client);
  await socket.send('5');
  await socket.send('421["leave_room"]');
  await socket.answered('431');
});
transcript('posting after the upgrade', async (stage) => {
  const { client, socket } = await upgraded(stage);
  await socket.settle();
  await stage.request('POST', { sid: client.sid, body: '421["leave_room"]' });
  await socket.settle();
});
transcript('polling after the upgrade', async (stage) => {
  const { client, socket } = await upgraded(stage);
  await socket.settle();
  await stage.request('GET', { sid: client.sid });
  await socket.settle();
});
transcript('a second upgrade', async (stage) => {
  const { client, socket } = await upgraded(stage);
  await socket.settle();
  await stage.attempt({ sid: client.sid });
  await socket.settle();
});
transcript('an upgrade of a WebSocket session', async (stage) => {
  const client = await stage.open('websocket');
  await stage.attempt({ sid: client.sid });
  await client.settle();
});
for (const packet of ['2', '2wrong', '421["leave_room"]', '3probe', 'x']) {
  transcript(`an upgrade that begins with ${packet}`, async (stage) => {
    const client = await stage.open('polling');
    const socket = await stage.upgrade(client);
    await socket.send(packet);
    await socket.end();
    await client.send('427["leave_room"]');
    await client.settle();
  });
}
transcript('an upgrade that is given up after the probe', async (stage) => {
  const client = await stage.open('polling');
  const socket = await stage.upgrade(client);
  await socket.send('2probe');
  await socket.raw.packet('3probe');
  socket.raw.close();
  await socket.end();
  await client.send('421["leave_room"]');
  await client.settle();
});
