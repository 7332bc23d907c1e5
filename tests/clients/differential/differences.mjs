// Accepted differences between the server and the reference, with reasons.

/**
 * An accepted difference. With `rewrite`, the server's record equals the reference's after each line is
 * rewritten; without it, the whole records differ.
 *
 * @typedef {{transcripts: RegExp, reason: string, rewrite?: (line: string) => string}} Difference
 */

/** @type {Difference[]} */
export const DIFFERENCES = [
  // Different texts.
  {
    transcripts: /./,
    reason: 'the code of an HTTP refusal is a text; clients only read the status',
    rewrite: (line) => line.replace(/"code":"(\d)"/, '"code":$1'),
  },
  {
    transcripts: /^posting/,
    reason: 'plain text is called plain text; clients do not read the type',
    rewrite: (line) => line.replace('text/plain; charset=UTF-8 ok', 'text/html ok'),
  },
  {
    transcripts: /^opening over WebSocket without an upgrade$/,
    reason: 'refused with the same status, without a body',
    rewrite: (line) => line.replace('GET 400 null ', 'GET 400 application/json {"code":3,"message":"Bad request"}'),
  },
  {
    transcripts: /^opening with Engine.IO version 3$/,
    reason: 'its clients read the reason in their own protocol; they report no other answer',
    rewrite: (line) =>
      line.replace(/^GET 200 .*"this server speaks.*$/, 'GET 400 application/json {"code":5,"message":"Unsupported protocol version"}'),
  },
  {
    transcripts: /^another Engine.IO version within a session$/,
    reason: 'refused with the same status, with the more exact of the two codes',
    rewrite: (line) => line.replace(/"code":"?5"?,"message":"Unsupported protocol version"/, '"code":3,"message":"Bad request"'),
  },
  {
    transcripts: /^a method that is none of the protocol within a session$/,
    reason: 'the mistake is the client\'s: 400, not 500',
    rewrite: (line) => line.replace('PUT 400', 'PUT 500'),
  },
  {
    transcripts: /^an ack id beyond 2\^53,/,
    reason: 'the id comes back as it was sent, not rounded to a double',
    rewrite: (line) => line.replace('439007199254740993[', '439007199254740992['),
  },

  // Packets that end a session in the reference, and that this server ignores or refuses. Only that client is
  // affected.
  {
    transcripts: /^connecting with auth that is /,
    reason: 'this server has no authentication, so the value is not read',
  },
  {
    transcripts: /^(connecting twice|disconnecting from an unknown namespace),/,
    reason: 'asks for what is already so, and changes nothing',
  },
  {
    transcripts: /^an ack that is no array,/,
    reason: 'no event awaits an ack, so it is not read',
  },
  {
    transcripts: /^an event that is no JSON array: \["leave_room"\]\],/,
    reason: 'refused by the mesh door with its own error',
  },
  {
    transcripts: /^an event with the reserved name /,
    reason: 'the names are reserved for Node\'s emitters; here they are unknown events like any other',
  },
  {
    transcripts: /^the Engine.IO packet "2",|^the Engine.IO packet "2probe", over polling$/,
    reason: 'a ping from the wrong side is harmless',
  },
  {
    transcripts: /^(an empty Engine.IO packet, over polling|posting nothing|posting a separator at the end)$/,
    reason: 'an empty packet is harmless',
  },
  {
    transcripts: /^the binary packet 451-(\[\]|\{\}),/,
    reason: 'an event that announces an attachment is refused whatever it holds',
  },
  {
    transcripts: /^the binary packet 451-\["leave_room",\{"_placeholder":true,"num":(7|-1|"0")\}\],/,
    reason: 'attachments are refused by the mesh door whatever they are put in for',
  },
  {
    transcripts: /^posting as application\/octet-stream$/,
    reason: 'the type is not read: a body is text or is refused',
  },

  // Packets that the reference accepts, and that this server refuses or ends the session for.
  {
    transcripts: /^closing the session, over websocket$/,
    reason: 'a close packet closes the session, as over long polling',
  },
  {
    transcripts: /^an ack id (beyond 2\^64|of a thousand digits),/,
    reason: 'no client counts that far; the reference answers with an id that was never sent',
  },
  {
    transcripts: /^an ack without an id,/,
    reason: 'not a packet of the protocol',
  },
  {
    transcripts: /^(an event that is no JSON array: nothing|an event whose name is a number|the binary packet 451-),/,
    reason: 'an event without a name is none; the reference makes one called undefined, or a number',
  },
  {
    transcripts: /^white space around an event,/,
    reason: 'a space is no ack id; the reference takes it for 0',
  },
  {
    transcripts: /^the Engine.IO packet ("6"|"0\{.*|"3probe"|"5"),/,
    reason: 'not a packet for a client to send at that time',
  },
  {
    transcripts: /^the binary packet 451-\["leave_room"(,\{"_placeholder":1\})?\],/,
    reason: 'an event that announces an attachment is refused even if it has no place for it',
  },
  {
    transcripts: /^a long-polling body that is not UTF-8$/,
    reason: 'not text; Node replaces what it cannot read',
  },
  {
    transcripts: /^posting more than the limit$/,
    reason: 'a client that was told the limit and breaks it is not kept; over WebSocket the reference does the same',
  },

  // Upgrades.
  {
    transcripts: /^upgrading at once over transport polling$/,
    reason: 'the header is ignored where nothing is to be upgraded; the reference upgrades and closes at once',
  },
  {
    transcripts: /^upgrading at once with Engine.IO version /,
    reason: 'refused instead of upgraded; the reference upgrades and then writes an HTTP answer into the WebSocket',
  },
  {
    transcripts: /^upgrading an unknown session AAAAAAAAAAAAAAAA$/,
    reason: 'an id of the right form is looked up after the handshake: closed without a refusal',
  },
  {
    transcripts: /^an upgrade of a WebSocket session$/,
    reason: 'a session that is over WebSocket already is not taken over by another connection',
  },
  {
    transcripts: /^an upgrade without a probe$/,
    reason: 'the protocol begins an upgrade with a probe',
  },
  {
    transcripts: /^an upgrade that is given up after the probe/,
    reason: 'an upgrade that fails half-way ends the session in engineioxide; the client gets its seat back',
  },
];
