// Perfect negotiation between two peer connections.

import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Signal } from '../../signaling/client';
import { FakePeerConnection } from '../../testing/fakePeerConnection';
import {
  connectedPair,
  exchange,
  flushTasks,
  localTracks,
  openPeer,
} from '../../testing/fakePeers';

beforeEach(() => {
  vi.useFakeTimers();
});

const candidate: Signal = { kind: 'candidate', candidate: { candidate: 'a', sdpMid: '0' } };
const lastCandidate: Signal = { kind: 'candidate', candidate: null };

describe('negotiation', () => {
  it('adds a transceiver for each kind without any track', async () => {
    const { peer, connection, signals } = openPeer();
    peer.offer();
    await flushTasks();
    expect(connection.transceiverKinds).toEqual(['audio', 'video']);
    expect(signals).toMatchObject([{ kind: 'description', description: { type: 'offer' } }]);
  });

  it('is not repeated when tracks are added, replaced or removed', async () => {
    const { impolite, polite } = await connectedPair();
    for (const side of [impolite, polite]) {
      for (const media of [localTracks(), localTracks(), { ...localTracks(), video: null }]) {
        side.peer.setTracks(media);
        await flushTasks();
        expect(side.connection.transceiver('video').sender.track).toBe(media.video);
      }
    }
    expect([impolite.connection.negotiations, polite.connection.negotiations]).toEqual([1, 0]);
    expect([...impolite.signals, ...polite.signals]).toEqual([]);
  });

  it('sends and receives on the transceivers of an offer', async () => {
    const { polite } = await connectedPair();
    const transceivers = polite.connection.getTransceivers();
    expect(transceivers.map(({ direction }) => direction)).toEqual(['sendrecv', 'sendrecv']);
  });

  it('adds transceivers that the remote offer lacks, once there is a track', async () => {
    const { peer, connection, signals } = openPeer();
    const [section] = ['m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n'];
    const description = { type: 'offer', sdp: `v=0\r\no=- 900 1 IN IP4 0\r\n${section}` } as const;
    peer.setTracks(localTracks());
    peer.receive({ kind: 'description', description });
    await flushTasks();
    expect(connection.transceiverKinds).toEqual(['audio', 'video']);
    expect(signals.map((signal) => 'description' in signal && signal.description.type)).toEqual([
      'answer',
      'offer',
    ]);
  });

  it('answers an offer without an offer of its own', async () => {
    const [caller, called] = [openPeer(), openPeer({ polite: true })];
    caller.peer.offer();
    await flushTasks();
    called.peer.setTracks(localTracks());
    for (const signal of caller.signals) called.peer.receive(signal);
    await flushTasks();
    expect(called.signals).toMatchObject([{ description: { type: 'answer' } }]);
  });

  it('rolls the polite side back when both offer', async () => {
    const [impolite, polite] = [openPeer(), openPeer({ polite: true })];
    impolite.peer.offer();
    polite.peer.offer();
    await exchange(impolite, polite);
    expect(polite.connection).toMatchObject({ signalingState: 'stable', rollbacks: 1 });
    expect(polite.connection.localDescription?.type).toBe('answer');
    expect(impolite.connection).toMatchObject({ signalingState: 'stable', rollbacks: 0 });
    expect(impolite.connection.remoteDescription?.type).toBe('answer');
    expect(polite.connection.transceiverKinds).toEqual(['audio', 'video']);
    await flushTasks();
    expect([impolite.connection.negotiations, polite.connection.negotiations]).toEqual([1, 1]);
  });

  it('settles when both sides restart ICE at once', async () => {
    const { impolite, polite } = await connectedPair();
    impolite.connection.restartIce();
    polite.connection.restartIce();
    await exchange(impolite, polite);
    expect([impolite.peer.isStable, polite.peer.isStable]).toEqual([true, true]);
    expect(FakePeerConnection.made).toHaveLength(2);
  });

  it('survives a description that cannot be applied', async () => {
    const [caller, called] = [openPeer(), openPeer()];
    const garbage = { type: 'offer', sdp: 'garbage' } as const;
    called.peer.receive({ kind: 'description', description: garbage });
    caller.peer.offer();
    await exchange(caller, called);
    expect(called.connection.signalingState).toBe('stable');
    expect(called.connection.localDescription?.type).toBe('answer');
  });

  it('ignores an unexpected answer', async () => {
    const { impolite } = await connectedPair();
    const description = { type: 'answer', sdp: 'v=0\r\no=- 999 1 IN IP4 0\r\n' } as const;
    impolite.peer.receive({ kind: 'description', description });
    await flushTasks();
    expect(impolite.peer.isStable).toBe(true);
    expect(impolite.onReplaced).not.toHaveBeenCalled();
  });
});

describe('candidates', () => {
  it('wait for their description, in order', async () => {
    const [caller, called] = [openPeer(), openPeer()];
    called.peer.receive(candidate);
    called.peer.receive(lastCandidate);
    caller.peer.offer();
    await exchange(caller, called);
    expect(called.connection.candidates).toEqual([candidate.candidate, null]);
  });

  it('may end with null on a settled connection', async () => {
    const { impolite } = await connectedPair();
    impolite.peer.receive(lastCandidate);
    await flushTasks();
    expect(impolite.connection.candidates).toEqual([null]);
  });

  it('of an ignored offer are dropped', async () => {
    const [impolite, polite] = [openPeer(), openPeer({ polite: true })];
    impolite.peer.offer();
    polite.peer.offer();
    await flushTasks();
    for (const signal of polite.signals.splice(0)) impolite.peer.receive(signal);
    impolite.peer.receive(candidate);
    await exchange(impolite, polite);
    expect(impolite.connection.candidates).toEqual([]);
  });
});
