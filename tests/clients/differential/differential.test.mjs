// Plays the same transcripts to the server and to npm's socket.io. Their Socket.IO behaviour must not differ,
// except where differences.mjs gives a reason.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { newAppointment } from '../support/client.mjs';
import { joinRaw, openRaw } from '../support/raw.mjs';
import { startReference } from '../support/reference.mjs';
import { startServer } from '../support/server.mjs';
import { DIFFERENCES } from './differences.mjs';
import { Stage } from './stage.mjs';
import { TRANSCRIPTS } from './transcripts.mjs';

const server = await startServer();
const reference = await startReference();

async function recordOf(target, { play }) {
  const stage = new Stage(target);
  await play(stage);
  return JSON.parse(JSON.stringify(stage.record));
}

/** Checks that the server lives and accepts joins. */
async function assertServes() {
  await server.assertHealthy();
  const client = await openRaw(server, 'websocket');
  const reply = await joinRaw(client, newAppointment(), 'Ann');
  assert.equal(reply.remoteSocket, null);
  client.terminate();
}

/** The server's record, rewritten to the form of the reference. */
function rewritten(record, rewrites) {
  const rewriteLine = (line) => rewrites.reduce((changed, rewrite) => rewrite(changed), line);
  return Object.fromEntries(Object.entries(record).map(([name, lines]) => [name, lines.map(rewriteLine)]));
}

const unused = new Set(DIFFERENCES);

describe('the server answers as the reference does', { concurrency: 4 }, () => {
  for (const transcript of TRANSCRIPTS) {
    const accepted = DIFFERENCES.filter(({ transcripts }) => transcripts.test(transcript.name));
    const whole = accepted.filter(({ rewrite }) => rewrite === undefined);
    const rewrites = accepted.filter(({ rewrite }) => rewrite !== undefined);

    test(whole.length > 0 ? `${transcript.name} (differs: ${whole[0].reason})` : transcript.name, async () => {
      const [ours, theirs] = await Promise.all([recordOf(server, transcript), recordOf(reference, transcript)]);
      for (const difference of rewrites) {
        if (!isDeepStrictEqual(rewritten(ours, [difference.rewrite]), ours)) unused.delete(difference);
      }
      const alike = rewritten(ours, rewrites.map(({ rewrite }) => rewrite));
      await assertServes();
      if (whole.length === 0) {
        assert.deepEqual(alike, theirs);
      } else {
        assert.notDeepEqual(alike, theirs, 'it does not differ any more: take it out of differences.mjs');
        for (const difference of whole) unused.delete(difference);
      }
    });
  }
});

test('every accepted difference still exists', () => {
  assert.deepEqual([...unused].map(({ reason }) => reason), []);
});
