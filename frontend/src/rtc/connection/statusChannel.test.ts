// Statuses that two sides exchange, and messages that they ignore.

import { beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeTrack } from '../../testing/fakeMedia';
import { connectedPair, flushTasks, openPeer, status } from '../../testing/fakePeers';
import { CHANNEL_ID } from './statusChannel';

beforeEach(() => {
  vi.useFakeTimers();
});

describe('the status channel', () => {
  it('is created by both sides without renegotiation', async () => {
    const { impolite, polite } = await connectedPair();
    for (const { connection } of [impolite, polite]) {
      expect(connection.channel?.options).toEqual({ negotiated: true, id: CHANNEL_ID });
    }
    await flushTasks();
    expect([...impolite.signals, ...polite.signals]).toEqual([]);
  });

  it('is not created for an offer without data channels', async () => {
    const { peer, connection } = openPeer();
    const description = { type: 'offer', sdp: 'v=0\r\no=- 900 1 IN IP4 0\r\n' } as const;
    peer.receive({ kind: 'description', description });
    await flushTasks();
    expect(connection.channel).toBeNull();
  });

  it('sends the latest status once open, and no duplicate', async () => {
    const { impolite } = await connectedPair();
    impolite.peer.sendStatus({ ...status, camera: false });
    impolite.peer.sendStatus(status);
    impolite.connection.channel?.open();
    impolite.peer.sendStatus({ ...status });
    expect(impolite.connection.channel?.sent.map((text) => JSON.parse(text))).toEqual([
      { type: 'status', ...status },
    ]);
  });

  it('delivers the remote status, which is inferred from the tracks until then', async () => {
    const { impolite } = await connectedPair();
    const track = new FakeTrack('video');
    impolite.connection.dispatchEvent(Object.assign(new Event('track'), { track }));
    expect(impolite.peer.remote).toMatchObject({ hasVideo: true, status: { camera: true } });
    track.muted = true;
    track.dispatchEvent(new Event('mute'));
    expect(impolite.peer.remote).toMatchObject({ hasVideo: false, status: { camera: false } });
    const remoteStatus = { ...status, camera: false, microphone: false };
    impolite.connection.channel?.deliver(
      JSON.stringify({ type: 'status', ...remoteStatus, more: 1 }),
    );
    expect(impolite.peer.remote).toMatchObject({ hasVideo: false, status: remoteStatus });
  });

  it('ignores messages that are not a status', async () => {
    const { impolite } = await connectedPair();
    const track = new FakeTrack('video');
    impolite.connection.dispatchEvent(Object.assign(new Event('track'), { track }));
    const before = impolite.peer.remote;
    for (const message of hostileMessages) impolite.connection.channel?.deliver(message);
    expect(impolite.peer.remote).toEqual(before);
  });
});

const hostileMessages: unknown[] = [
  '',
  '{',
  'null',
  '[]',
  '"status"',
  '{"type":"status"}',
  JSON.stringify({ type: 'other', ...status, camera: false }),
  JSON.stringify({ type: 'status', ...status, camera: 'false' }),
  JSON.stringify({ type: 'status', ...status, camera: false, padding: 'x'.repeat(1_024) }),
  `{"__proto__":{"type":"status"},"camera":false}`,
  new ArrayBuffer(8),
  new Blob(['{}']),
];
