// A call driven by server events, with a fake server and fake connections.

import { beforeEach, describe, expect, it, vi } from 'vitest';
import {
  bob,
  connectedCall,
  connection,
  eve,
  flushTasks,
  type OpenCall,
  offer,
  openCall,
} from '../../testing/fakeCall';
import { FakeDevices } from '../../testing/fakeMedia';
import { FakePeerConnection } from '../../testing/fakePeerConnection';
import { FakeSignaling } from '../../testing/fakeSignaling';
import { LocalMedia } from '../media/localMedia';
import { Call, SERVER_TIMEOUT_MS } from './call';
import { STALL_CHECK_MS } from './stallDetector';

beforeEach(() => {
  vi.useFakeTimers();
});

describe('joining', () => {
  it('waits in an empty room', () => {
    const { signaling, state } = openCall();
    signaling.join();
    expect(state()).toEqual({ phase: 'waiting' });
    expect(FakePeerConnection.made).toEqual([]);
  });

  it('calls a participant who joined before', async () => {
    const { signaling, call, sentTypes } = openCall();
    signaling.join({ peer: bob });
    await flushTasks();
    expect(sentTypes()).toEqual(['offer']);
    expect(signaling.signals[0]?.to).toBe('bob');
    expect(call.snapshot.get()).toMatchObject({
      state: { phase: 'connecting', to: 'peer' },
      peerName: 'Bob',
    });
  });

  it('answers a participant who joins later', async () => {
    const { signaling, sentTypes } = openCall();
    signaling.join();
    signaling.emit({ type: 'peerJoined', peer: bob });
    signaling.emit({ type: 'description', from: 'bob', name: 'Bob', description: offer });
    await flushTasks();
    expect(sentTypes()).toEqual(['answer']);
  });

  it('answers an offer of an unannounced participant', async () => {
    const { signaling, call, sentTypes } = openCall();
    signaling.join();
    signaling.emit({ type: 'description', from: 'eve', name: 'Eve', description: offer });
    await flushTasks();
    expect(sentTypes()).toEqual(['answer']);
    expect(call.snapshot.get().peerName).toBe('Eve');
  });

  it('calls a later participant who never offers', async () => {
    const { signaling, sentTypes } = openCall();
    signaling.join();
    signaling.emit({ type: 'peerJoined', peer: bob });
    await vi.advanceTimersByTimeAsync(2 * STALL_CHECK_MS);
    await flushTasks();
    expect(sentTypes()).toEqual(['offer']);
  });

  it('is unreachable after the server timeout, until it has joined', async () => {
    const { signaling, state } = openCall();
    expect(state()).toEqual({ phase: 'connecting', to: 'server' });
    await vi.advanceTimersByTimeAsync(SERVER_TIMEOUT_MS);
    expect(state()).toEqual({ phase: 'unreachable' });
    signaling.join();
    expect(state()).toEqual({ phase: 'waiting' });
  });

  it('ends the call when refused', () => {
    const { signaling, state } = openCall();
    signaling.emit({ type: 'refused', code: 'invalid_field' });
    expect(state()).toEqual({ phase: 'ended', reason: 'refused' });
    expect(signaling.isConnected).toBe(false);
  });
});

describe('a room without a free seat', () => {
  const held = { phase: 'full', seat: 'held' };
  const taken = { phase: 'full', seat: 'taken' };

  it.each(['held', 'taken'] as const)('is retried while a seat is %s', async (seat) => {
    const { signaling, state, sentTypes } = openCall();
    signaling.emit({ type: 'roomFull', seat });
    await vi.advanceTimersByTimeAsync(10 * SERVER_TIMEOUT_MS);
    expect(state()).toEqual({ phase: 'full', seat });
    expect(signaling.isConnected).toBe(true);
    signaling.join({ peer: bob, polite: true });
    await flushTasks();
    expect(state()).toEqual({ phase: 'connecting', to: 'peer' });
    expect(sentTypes()).toEqual(['offer']);
  });

  it('updates the state when the seat changes', () => {
    const { signaling, state } = openCall();
    signaling.emit({ type: 'roomFull', seat: 'taken' });
    expect(state()).toEqual(taken);
    signaling.emit({ type: 'roomFull', seat: 'held' });
    expect(state()).toEqual(held);
  });

  it('stays full through a lost connection until the server timeout', async () => {
    const { signaling, state } = openCall();
    signaling.emit({ type: 'roomFull', seat: 'held' });
    signaling.loseConnection();
    expect(state()).toEqual(held);
    await vi.advanceTimersByTimeAsync(SERVER_TIMEOUT_MS);
    expect(state()).toEqual({ phase: 'unreachable' });
    signaling.emit({ type: 'roomFull', seat: 'taken' });
    expect(state()).toEqual(taken);
  });

  it('closes the session of a participant whose seat was lost', async () => {
    const { signaling, call, state } = await connectedCall();
    signaling.loseConnection();
    signaling.emit({ type: 'roomFull', seat: 'taken' });
    expect(state()).toEqual(taken);
    expect(connection().isClosed).toBe(true);
    expect(call.snapshot.get().remote).toBeNull();
  });

  it('keeps the devices while a seat is held, and releases them while every seat is taken', async () => {
    const devices = new FakeDevices().install();
    const media = new LocalMedia();
    const signaling = new FakeSignaling();
    const call = new Call({ signaling, media });
    await media.open();
    media.setMicrophone(false);
    const devicesInUse = () => devices.inUse.length;
    signaling.emit({ type: 'roomFull', seat: 'held' });
    expect(devicesInUse()).toBe(2);
    signaling.emit({ type: 'roomFull', seat: 'taken' });
    expect(devicesInUse()).toBe(0);
    signaling.join({ peer: bob });
    await vi.waitFor(() => expect(devicesInUse()).toBe(2));
    expect(media.snapshot.get().microphone).toBe('off');
    call.close();
  });
});

describe('a lost connection to the server', () => {
  it('keeps the media connection', async () => {
    const { signaling, state } = await connectedCall();
    signaling.loseConnection();
    await vi.advanceTimersByTimeAsync(10 * SERVER_TIMEOUT_MS);
    expect(state()).toEqual({ phase: 'reconnecting', lost: 'server' });
    expect(connection()).toMatchObject({ isClosed: false, connectionState: 'connected' });
  });

  it('changes nothing when resumed', async () => {
    const { signaling, state } = await connectedCall();
    signaling.loseConnection();
    signaling.join({ peer: bob, resumed: true });
    await flushTasks();
    expect(state()).toEqual({ phase: 'connected' });
    expect(signaling.signals).toEqual([]);
    expect(FakePeerConnection.made).toHaveLength(1);
  });

  it('keeps a healthy connection even when events were lost', async () => {
    const { signaling, state } = await connectedCall();
    signaling.loseConnection();
    signaling.join({ peer: bob, resumed: false });
    await flushTasks();
    expect(state()).toEqual({ phase: 'connected' });
    expect(connection().restarts).toBe(0);
  });

  it('restarts ICE when events were lost and the connection is down', async () => {
    const { signaling, sentTypes } = await connectedCall();
    signaling.loseConnection();
    connection().setState('disconnected');
    signaling.join({ peer: bob, resumed: false });
    await flushTasks();
    expect(connection().restarts).toBe(1);
    expect(sentTypes()).toEqual(['offer']);
  });

  it('delays signals until the same participant is present again', async () => {
    const { signaling, sentTypes } = await connectedCall();
    signaling.loseConnection();
    connection().restartIce();
    await flushTasks();
    expect(sentTypes()).toEqual([]);
    signaling.join({ peer: bob, resumed: true });
    await flushTasks();
    expect(sentTypes()).toEqual(['offer']);
  });

  it('drops signals for a participant who was replaced', async () => {
    const { signaling } = await connectedCall();
    signaling.loseConnection();
    connection().restartIce();
    await flushTasks();
    signaling.join({ peer: eve, resumed: true });
    await flushTasks();
    expect(signaling.signals.map(({ to }) => to)).toEqual(['eve']);
    expect(FakePeerConnection.made.map(({ isClosed }) => isClosed)).toEqual([true, false]);
  });
});

describe('a restarted server', () => {
  it('keeps the connection until the other participant has rejoined', async () => {
    const { signaling, state } = await connectedCall();
    signaling.loseConnection();
    signaling.join({ peer: null });
    expect(state()).toEqual({ phase: 'reconnecting', lost: 'peer' });
    signaling.emit({ type: 'peerJoined', peer: bob });
    await flushTasks();
    expect(state()).toEqual({ phase: 'connected' });
    expect(FakePeerConnection.made).toHaveLength(1);
    expect(signaling.signals).toEqual([]);
  });

  it('closes the connection when another participant joins', async () => {
    const { signaling, call } = await connectedCall();
    signaling.loseConnection();
    signaling.join({ peer: null });
    signaling.emit({ type: 'peerJoined', peer: eve });
    expect(connection().isClosed).toBe(true);
    expect(call.snapshot.get()).toMatchObject({ state: { phase: 'connecting' }, peerName: 'Eve' });
  });

  it('returns to waiting when the connection fails meanwhile', async () => {
    const { signaling, state } = await connectedCall();
    signaling.loseConnection();
    signaling.join({ peer: null });
    connection().setState('failed');
    expect(state()).toEqual({ phase: 'waiting' });
  });
});

describe('the other participant', () => {
  it('reconnects and resumes', async () => {
    const { signaling, state } = await connectedCall();
    signaling.emit({ type: 'peerReconnecting', id: 'bob' });
    expect(state()).toEqual({ phase: 'reconnecting', lost: 'peer' });
    signaling.emit({ type: 'peerResumed', id: 'bob' });
    expect(state()).toEqual({ phase: 'connected' });
  });

  it('is called again after resuming to a lost connection', async () => {
    const { signaling } = await connectedCall();
    signaling.emit({ type: 'peerReconnecting', id: 'bob' });
    connection().setState('disconnected');
    signaling.emit({ type: 'peerResumed', id: 'bob' });
    await flushTasks();
    expect(connection().restarts).toBe(1);
  });

  it('leaves, and this side waits', async () => {
    const { signaling, call } = await connectedCall();
    signaling.emit({ type: 'peerLeft', id: 'bob' });
    expect(connection().isClosed).toBe(true);
    expect(call.snapshot.get()).toMatchObject({ state: { phase: 'waiting' }, peerName: 'Bob' });
  });

  it('is not affected when another participant leaves', async () => {
    const { signaling, state } = await connectedCall();
    signaling.emit({ type: 'peerLeft', id: 'eve' });
    expect(state()).toEqual({ phase: 'connected' });
  });

  it('is sent the offer again when no answer comes', async () => {
    const { signaling, sentTypes } = openCall();
    signaling.join({ peer: bob });
    await vi.advanceTimersByTimeAsync(2 * STALL_CHECK_MS);
    expect(sentTypes()).toEqual(['offer', 'offer']);
  });
});

describe('the end', () => {
  it.each([
    ['replaced', (opened: OpenCall) => opened.signaling.emit({ type: 'replaced' })],
    ['ended', (opened: OpenCall) => opened.call.leave()],
  ])('by being %s is final', async (phase, end) => {
    const opened = await connectedCall();
    end(opened);
    expect(opened.state()).toMatchObject({ phase });
    expect(connection().isClosed).toBe(true);
    opened.signaling.join({ peer: bob });
    expect(opened.state()).toMatchObject({ phase });
    expect(FakePeerConnection.made).toHaveLength(1);
  });
});
