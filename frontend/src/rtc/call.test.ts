// A call as the server's events drive it, with a fake server and fake connections.

import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Participant } from '../signaling/client';
import { FakeSignaling } from '../signaling/fake';
import { FakePeerConnection } from '../testing/fakePeerConnection';
import { Call, SERVER_PATIENCE_MS, STALL_CHECK_MS } from './call';
import { LocalMedia } from './media';

const bob: Participant = { id: 'bob', name: 'Bob', connected: true };
const eve: Participant = { id: 'eve', name: 'Eve', connected: true };
const offer = { type: 'offer', sdp: 'v=0\r\no=- 900 1 IN IP4 0\r\n' } as const;
const answer = { type: 'answer', sdp: 'v=0\r\no=- 900 1 IN IP4 0\r\n' } as const;

beforeEach(() => {
  vi.useFakeTimers();
});

function open() {
  const signaling = new FakeSignaling();
  const call = new Call({ signaling, media: new LocalMedia() });
  const sentTypes = () => signaling.signals.map(({ signal }) => typeOf(signal));
  return { signaling, call, sentTypes, state: () => call.snapshot.get().state };
}

function typeOf(signal: FakeSignaling['signals'][number]['signal']): string | undefined {
  return signal.kind === 'description' ? signal.description.type : 'candidate';
}

async function settle(): Promise<void> {
  // Not 0: a timer that starts another one starts it a millisecond later.
  await vi.advanceTimersByTimeAsync(1);
}

function connection(): FakePeerConnection {
  const latest = FakePeerConnection.made.at(-1);
  if (!latest) throw new Error('no connection was made');
  return latest;
}

/** A call to Bob that is up. */
async function connected() {
  const opened = open();
  opened.signaling.join({ peer: bob, polite: true });
  await settle();
  opened.signaling.emit({ type: 'description', from: bob.id, name: null, description: answer });
  await settle();
  connection().turn('connected');
  opened.signaling.signals.length = 0;
  return opened;
}

describe('joining', () => {
  it('waits when nobody is there', () => {
    const { signaling, state } = open();
    signaling.join();
    expect(state()).toEqual({ phase: 'waiting' });
    expect(FakePeerConnection.made).toEqual([]);
  });

  it('calls whoever is there already', async () => {
    const { signaling, call, sentTypes } = open();
    signaling.join({ peer: bob });
    await settle();
    expect(sentTypes()).toEqual(['offer']);
    expect(signaling.signals[0]?.to).toBe('bob');
    expect(call.snapshot.get()).toMatchObject({
      state: { phase: 'connecting', to: 'peer' },
      peerName: 'Bob',
    });
  });

  it('leaves the offer to whoever comes second', async () => {
    const { signaling, sentTypes } = open();
    signaling.join();
    signaling.emit({ type: 'peerJoined', peer: bob });
    signaling.emit({ type: 'description', from: 'bob', name: 'Bob', description: offer });
    await settle();
    expect(sentTypes()).toEqual(['answer']);
  });

  it('answers somebody it has never heard of', async () => {
    const { signaling, call, sentTypes } = open();
    signaling.join();
    signaling.emit({ type: 'description', from: 'eve', name: 'Eve', description: offer });
    await settle();
    expect(sentTypes()).toEqual(['answer']);
    expect(call.snapshot.get().peerName).toBe('Eve');
  });

  it('calls by itself when the other one never does', async () => {
    const { signaling, sentTypes } = open();
    signaling.join();
    signaling.emit({ type: 'peerJoined', peer: bob });
    await vi.advanceTimersByTimeAsync(2 * STALL_CHECK_MS);
    await settle();
    expect(sentTypes()).toEqual(['offer']);
  });

  it('says so when the server cannot be reached, and forgets it on joining', async () => {
    const { signaling, state } = open();
    expect(state()).toEqual({ phase: 'connecting', to: 'server' });
    await vi.advanceTimersByTimeAsync(SERVER_PATIENCE_MS);
    expect(state()).toEqual({ phase: 'unreachable' });
    signaling.join();
    expect(state()).toEqual({ phase: 'waiting' });
  });

  it.each([
    ['room_full', { phase: 'full' }],
    ['invalid_field', { phase: 'ended', reason: 'refused' }],
  ] as const)('ends when refused with %s', (code, ending) => {
    const { signaling, state } = open();
    signaling.emit({ type: 'refused', code });
    expect(state()).toEqual(ending);
    expect(signaling.isConnected).toBe(false);
  });
});

describe('a lost connection to the server', () => {
  it('does not end the call', async () => {
    const { signaling, state } = await connected();
    signaling.loseConnection();
    await vi.advanceTimersByTimeAsync(10 * SERVER_PATIENCE_MS);
    expect(state()).toEqual({ phase: 'reconnecting', lost: 'server' });
    expect(connection()).toMatchObject({ isClosed: false, connectionState: 'connected' });
  });

  it('leaves everything as it was when resumed', async () => {
    const { signaling, state } = await connected();
    signaling.loseConnection();
    signaling.join({ peer: bob, resumed: true });
    await settle();
    expect(state()).toEqual({ phase: 'connected' });
    expect(signaling.signals).toEqual([]);
    expect(FakePeerConnection.made).toHaveLength(1);
  });

  it('keeps a healthy connection even when events were lost', async () => {
    const { signaling, state } = await connected();
    signaling.loseConnection();
    signaling.join({ peer: bob, resumed: false });
    await settle();
    expect(state()).toEqual({ phase: 'connected' });
    expect(connection().restarts).toBe(0);
  });

  it('restarts ICE when events were lost and the connection is down', async () => {
    const { signaling, sentTypes } = await connected();
    signaling.loseConnection();
    connection().turn('disconnected');
    signaling.join({ peer: bob, resumed: false });
    await settle();
    expect(connection().restarts).toBe(1);
    expect(sentTypes()).toEqual(['offer']);
  });

  it('delays signals until the same person is there again', async () => {
    const { signaling, sentTypes } = await connected();
    signaling.loseConnection();
    connection().restartIce();
    await settle();
    expect(sentTypes()).toEqual([]);
    signaling.join({ peer: bob, resumed: true });
    await settle();
    expect(sentTypes()).toEqual(['offer']);
  });

  it('drops signals that were meant for somebody else', async () => {
    const { signaling } = await connected();
    signaling.loseConnection();
    connection().restartIce();
    await settle();
    signaling.join({ peer: eve, resumed: true });
    await settle();
    expect(signaling.signals.map(({ to }) => to)).toEqual(['eve']);
    expect(FakePeerConnection.made.map(({ isClosed }) => isClosed)).toEqual([true, false]);
  });
});

describe('a restarted server', () => {
  it('that does not know the other one yet keeps the connection', async () => {
    const { signaling, state } = await connected();
    signaling.loseConnection();
    signaling.join({ peer: null });
    expect(state()).toEqual({ phase: 'reconnecting', lost: 'peer' });
    signaling.emit({ type: 'peerJoined', peer: bob });
    await settle();
    expect(state()).toEqual({ phase: 'connected' });
    expect(FakePeerConnection.made).toHaveLength(1);
    expect(signaling.signals).toEqual([]);
  });

  it('that brings somebody else replaces it', async () => {
    const { signaling, call } = await connected();
    signaling.loseConnection();
    signaling.join({ peer: null });
    signaling.emit({ type: 'peerJoined', peer: eve });
    expect(connection().isClosed).toBe(true);
    expect(call.snapshot.get()).toMatchObject({ state: { phase: 'connecting' }, peerName: 'Eve' });
  });

  it('and a connection that fails meanwhile lead back to waiting', async () => {
    const { signaling, state } = await connected();
    signaling.loseConnection();
    signaling.join({ peer: null });
    connection().turn('failed');
    expect(state()).toEqual({ phase: 'waiting' });
  });
});

describe('the other one', () => {
  it('may lose the server and come back', async () => {
    const { signaling, state } = await connected();
    signaling.emit({ type: 'peerReconnecting', id: 'bob' });
    expect(state()).toEqual({ phase: 'reconnecting', lost: 'peer' });
    signaling.emit({ type: 'peerResumed', id: 'bob' });
    expect(state()).toEqual({ phase: 'connected' });
  });

  it('is called again when it comes back to a dead connection', async () => {
    const { signaling } = await connected();
    signaling.emit({ type: 'peerReconnecting', id: 'bob' });
    connection().turn('disconnected');
    signaling.emit({ type: 'peerResumed', id: 'bob' });
    expect(connection().restarts).toBe(1);
  });

  it('may leave, and the wait begins again', async () => {
    const { signaling, call } = await connected();
    signaling.emit({ type: 'peerLeft', id: 'bob' });
    expect(connection().isClosed).toBe(true);
    expect(call.snapshot.get()).toMatchObject({ state: { phase: 'waiting' }, peerName: 'Bob' });
  });

  it('that left earlier is not taken for the one who is here', async () => {
    const { signaling, state } = await connected();
    signaling.emit({ type: 'peerLeft', id: 'eve' });
    expect(state()).toEqual({ phase: 'connected' });
  });

  it('is called once more when the offer seems lost', async () => {
    const { signaling, sentTypes } = open();
    signaling.join({ peer: bob });
    await vi.advanceTimersByTimeAsync(2 * STALL_CHECK_MS);
    expect(sentTypes()).toEqual(['offer', 'offer']);
  });
});

describe('the end', () => {
  it.each([
    ['replaced', (opened: ReturnType<typeof open>) => opened.signaling.emit({ type: 'replaced' })],
    ['ended', (opened: ReturnType<typeof open>) => opened.call.leave()],
  ])('by being %s is final', async (phase, end) => {
    const opened = await connected();
    end(opened);
    expect(opened.state()).toMatchObject({ phase });
    expect(connection().isClosed).toBe(true);
    opened.signaling.join({ peer: bob });
    expect(opened.state()).toMatchObject({ phase });
    expect(FakePeerConnection.made).toHaveLength(1);
  });
});
