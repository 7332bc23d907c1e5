// How two peers come to terms.

import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Signal } from '../signaling/client';
import { FakePeerConnection } from '../testing/fakePeerConnection';
import { connectedPair, exchange, openPeer, outgoing, settle } from '../testing/fakePeers';

beforeEach(() => {
  vi.useFakeTimers();
});

const candidate: Signal = { kind: 'candidate', candidate: { candidate: 'a', sdpMid: '0' } };
const lastCandidate: Signal = { kind: 'candidate', candidate: null };

describe('negotiation', () => {
  it('opens a line for each kind, whatever there is to send', async () => {
    const { peer, connection, said } = openPeer();
    peer.offer();
    await settle();
    expect(connection.transceivers).toEqual(['audio', 'video']);
    expect(said).toMatchObject([{ kind: 'description', description: { type: 'offer' } }]);
  });

  it('is not needed again when a camera or a screen comes, changes or goes', async () => {
    const { impolite, polite } = await connectedPair();
    for (const side of [impolite, polite]) {
      for (const media of [outgoing(), outgoing(), { ...outgoing(), video: null }]) {
        side.peer.send(media);
        await settle();
        expect(side.connection.line('video').sender.track).toBe(media.video);
      }
    }
    expect([impolite.connection.negotiations, polite.connection.negotiations]).toEqual([1, 0]);
    expect([...impolite.said, ...polite.said]).toEqual([]);
  });

  it('sends both ways over the lines of an offer', async () => {
    const { polite } = await connectedPair();
    const lines = polite.connection.getTransceivers();
    expect(lines.map(({ direction }) => direction)).toEqual(['sendrecv', 'sendrecv']);
  });

  it('opens what the other side did not ask for, once there is something to send', async () => {
    const { peer, connection, said } = openPeer();
    const [line] = ['m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n'];
    const description = { type: 'offer', sdp: `v=0\r\no=- 900 1 IN IP4 0\r\n${line}` } as const;
    peer.send(outgoing());
    peer.receive({ kind: 'description', description });
    await settle();
    expect(connection.transceivers).toEqual(['audio', 'video']);
    expect(said.map((signal) => 'description' in signal && signal.description.type)).toEqual([
      'answer',
      'offer',
    ]);
  });

  it('answers an offer without offering itself', async () => {
    const [caller, called] = [openPeer(), openPeer({ polite: true })];
    caller.peer.offer();
    await settle();
    called.peer.send(outgoing());
    for (const signal of caller.said) called.peer.receive(signal);
    await settle();
    expect(called.said).toMatchObject([{ description: { type: 'answer' } }]);
  });

  it('lets the polite side give way when both offer', async () => {
    const [impolite, polite] = [openPeer(), openPeer({ polite: true })];
    impolite.peer.offer();
    polite.peer.offer();
    await exchange(impolite, polite);
    expect(polite.connection).toMatchObject({ signalingState: 'stable', rollbacks: 1 });
    expect(polite.connection.localDescription?.type).toBe('answer');
    expect(impolite.connection).toMatchObject({ signalingState: 'stable', rollbacks: 0 });
    expect(impolite.connection.remoteDescription?.type).toBe('answer');
    expect(polite.connection.transceivers).toEqual(['audio', 'video']);
    await settle();
    expect([impolite.connection.negotiations, polite.connection.negotiations]).toEqual([1, 1]);
  });

  it('settles when both restart at once', async () => {
    const { impolite, polite } = await connectedPair();
    impolite.connection.restartIce();
    polite.connection.restartIce();
    await exchange(impolite, polite);
    expect([impolite.peer.settled, polite.peer.settled]).toEqual([true, true]);
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

  it('ignores an answer nobody waits for', async () => {
    const { impolite } = await connectedPair();
    const description = { type: 'answer', sdp: 'v=0\r\no=- 999 1 IN IP4 0\r\n' } as const;
    impolite.peer.receive({ kind: 'description', description });
    await settle();
    expect(impolite.peer.settled).toBe(true);
    expect(impolite.onRenewed).not.toHaveBeenCalled();
  });
});

describe('candidates', () => {
  it('wait for the description they belong to, and keep their order', async () => {
    const [caller, called] = [openPeer(), openPeer()];
    called.peer.receive(candidate);
    called.peer.receive(lastCandidate);
    caller.peer.offer();
    await exchange(caller, called);
    expect(called.connection.candidates).toEqual([candidate.candidate, null]);
  });

  it('may end with null at any time', async () => {
    const { impolite } = await connectedPair();
    impolite.peer.receive(lastCandidate);
    await settle();
    expect(impolite.connection.candidates).toEqual([null]);
  });

  it('of an offer that was turned down are dropped with it', async () => {
    const [impolite, polite] = [openPeer(), openPeer({ polite: true })];
    impolite.peer.offer();
    polite.peer.offer();
    await settle();
    for (const signal of polite.said.splice(0)) impolite.peer.receive(signal);
    impolite.peer.receive(candidate);
    await exchange(impolite, polite);
    expect(impolite.connection.candidates).toEqual([]);
  });
});
