// What two peers tell each other about themselves, and what they do not believe.

import { beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeTrack } from '../testing/fakeMedia';
import { connectedPair, openPeer, settle, status } from '../testing/fakePeers';
import { CHANNEL_ID } from './statusChannel';

beforeEach(() => {
  vi.useFakeTimers();
});

describe('the status channel', () => {
  it('is made by both sides, and costs no negotiation', async () => {
    const { impolite, polite } = await connectedPair();
    for (const { connection } of [impolite, polite]) {
      expect(connection.channel?.options).toEqual({ negotiated: true, id: CHANNEL_ID });
    }
    await settle();
    expect([...impolite.said, ...polite.said]).toEqual([]);
  });

  it('is not made for an offer that has no line for it', async () => {
    const { peer, connection } = openPeer();
    const description = { type: 'offer', sdp: 'v=0\r\no=- 900 1 IN IP4 0\r\n' } as const;
    peer.receive({ kind: 'description', description });
    await settle();
    expect(connection.channel).toBeNull();
  });

  it('tells the latest, once it is open, and nothing twice', async () => {
    const { impolite } = await connectedPair();
    impolite.peer.tell({ ...status, camera: false });
    impolite.peer.tell(status);
    impolite.connection.channel?.open();
    impolite.peer.tell({ ...status });
    expect(impolite.connection.channel?.sent.map((text) => JSON.parse(text))).toEqual([
      { type: 'status', ...status },
    ]);
  });

  it('brings what the other side says, and goes by the tracks until then', async () => {
    const { impolite } = await connectedPair();
    const track = new FakeTrack('video');
    impolite.connection.dispatchEvent(Object.assign(new Event('track'), { track }));
    expect(impolite.peer.remote).toMatchObject({ hasVideo: true, status: { camera: true } });
    track.muted = true;
    track.dispatchEvent(new Event('mute'));
    expect(impolite.peer.remote).toMatchObject({ hasVideo: false, status: { camera: false } });
    const told = { ...status, camera: false, microphone: false };
    impolite.connection.channel?.deliver(JSON.stringify({ type: 'status', ...told, more: 1 }));
    expect(impolite.peer.remote).toMatchObject({ hasVideo: false, status: told });
  });

  it('ignores what is not a status', async () => {
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
