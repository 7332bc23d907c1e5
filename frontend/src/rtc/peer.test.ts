// Two peers negotiating over a wire that the test holds in its hands.

import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Signal } from '../signaling/client';
import { fakeStream } from '../testing/fakeMedia';
import { FakePeerConnection } from '../testing/fakePeerConnection';
import { DISCONNECTED_GRACE_MS, Peer } from './peer';

beforeEach(() => {
  vi.useFakeTimers();
});

/** A peer, its connection, and what it wants to say. */
function open({ polite = false } = {}) {
  const said: Signal[] = [];
  const onRenewed = vi.fn();
  const peer = new Peer({
    polite,
    configuration: {},
    onSignal: (signal) => said.push(signal),
    onChange: () => {},
    onRenewed,
  });
  const connection = latestConnection();
  return { peer, connection, said, onRenewed };
}

function latestConnection(): FakePeerConnection {
  const connection = FakePeerConnection.made.at(-1);
  if (!connection) throw new Error('no connection was made');
  return connection;
}

type Side = ReturnType<typeof open>;

async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
}

/** Delivers both ways until nobody has anything left to say. */
async function exchange(a: Side, b: Side): Promise<void> {
  await settle();
  while (a.said.length + b.said.length > 0) {
    const [fromA, fromB] = [a.said.splice(0), b.said.splice(0)];
    for (const signal of fromA) b.peer.receive(signal);
    for (const signal of fromB) a.peer.receive(signal);
    await settle();
  }
}

async function connectedPair() {
  const [impolite, polite] = [open(), open({ polite: true })];
  impolite.peer.offer();
  await exchange(impolite, polite);
  for (const { connection } of [impolite, polite]) connection.turn('connected');
  return { impolite, polite };
}

const candidate: Signal = { kind: 'candidate', candidate: { candidate: 'a', sdpMid: '0' } };
const lastCandidate: Signal = { kind: 'candidate', candidate: null };

describe('negotiation', () => {
  it('asks to receive the kinds it cannot send', async () => {
    const { peer, connection, said } = open();
    peer.offer();
    await settle();
    expect(connection.transceivers).toEqual(['audio', 'video']);
    expect(said).toMatchObject([{ kind: 'description', description: { type: 'offer' } }]);
  });

  it('adds no second line for a kind that it sends', async () => {
    const { peer, connection } = open();
    peer.send(fakeStream());
    peer.offer();
    expect(connection.transceivers).toEqual(['audio', 'video']);
  });

  it('answers an offer without offering itself', async () => {
    const [caller, called] = [open(), open({ polite: true })];
    caller.peer.offer();
    await settle();
    called.peer.send(fakeStream());
    for (const signal of caller.said) called.peer.receive(signal);
    await settle();
    expect(called.said).toMatchObject([{ description: { type: 'answer' } }]);
  });

  it('lets the polite side give way when both offer', async () => {
    const [impolite, polite] = [open(), open({ polite: true })];
    impolite.peer.offer();
    polite.peer.offer();
    await exchange(impolite, polite);
    expect(polite.connection).toMatchObject({ signalingState: 'stable', rollbacks: 1 });
    expect(polite.connection.localDescription?.type).toBe('answer');
    expect(impolite.connection).toMatchObject({ signalingState: 'stable', rollbacks: 0 });
    expect(impolite.connection.remoteDescription?.type).toBe('answer');
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
    const [caller, called] = [open(), open()];
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
    const [caller, called] = [open(), open()];
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
    const [impolite, polite] = [open(), open({ polite: true })];
    impolite.peer.offer();
    polite.peer.offer();
    await settle();
    for (const signal of polite.said.splice(0)) impolite.peer.receive(signal);
    impolite.peer.receive(candidate);
    await exchange(impolite, polite);
    expect(impolite.connection.candidates).toEqual([]);
  });
});

describe('recovery', () => {
  it('restarts ICE as soon as it has failed', async () => {
    const { impolite } = await connectedPair();
    impolite.connection.turn('failed');
    expect(impolite.connection.restarts).toBe(1);
  });

  it('restarts ICE when it stays disconnected', async () => {
    const { impolite } = await connectedPair();
    impolite.connection.turn('disconnected');
    await vi.advanceTimersByTimeAsync(DISCONNECTED_GRACE_MS - 1);
    expect(impolite.connection.restarts).toBe(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(impolite.connection.restarts).toBe(1);
  });

  it('leaves a hiccup alone', async () => {
    const { impolite } = await connectedPair();
    impolite.connection.turn('disconnected');
    await vi.advanceTimersByTimeAsync(DISCONNECTED_GRACE_MS - 1);
    impolite.connection.turn('connected');
    await vi.advanceTimersByTimeAsync(DISCONNECTED_GRACE_MS);
    expect(impolite.connection.restarts).toBe(0);
  });

  it('repeats an unanswered offer as it stands', async () => {
    const { peer, said } = open();
    peer.offer();
    await settle();
    peer.recover();
    await settle();
    expect(said).toHaveLength(2);
    expect(said[1]).toEqual(said[0]);
  });

  it('makes a new connection for an offer from a reloaded page', async () => {
    const { impolite } = await connectedPair();
    const reloaded = open({ polite: true });
    reloaded.peer.offer();
    await exchange(reloaded, impolite);
    expect(impolite.onRenewed).toHaveBeenCalledOnce();
    expect(impolite.connection.isClosed).toBe(true);
    expect(latestConnection().localDescription?.type).toBe('answer');
    expect(reloaded.connection.signalingState).toBe('stable');
  });

  it('offers anew when a reloaded page answers the old connection', async () => {
    const { impolite } = await connectedPair();
    impolite.connection.restartIce();
    const reloaded = open({ polite: true });
    await exchange(impolite, reloaded);
    expect(impolite.onRenewed).toHaveBeenCalledOnce();
    expect(reloaded.onRenewed).toHaveBeenCalledOnce();
    const [theirs, ours] = FakePeerConnection.made.slice(-2);
    expect(ours).toMatchObject({ signalingState: 'stable', localDescription: { type: 'answer' } });
    expect(theirs).toMatchObject({ signalingState: 'stable', localDescription: { type: 'offer' } });
  });

  it('starts over when encryption failed on a working path', async () => {
    const { impolite } = await connectedPair();
    impolite.connection.turn('connected');
    impolite.connection.connectionState = 'failed';
    impolite.peer.recover();
    await settle();
    expect(impolite.connection.isClosed).toBe(true);
    expect(impolite.said).toMatchObject([{ description: { type: 'offer' } }]);
  });
});
