// Recovery of a connection that is broken, or that the reloaded remote page no longer has.

import { beforeEach, describe, expect, it, vi } from 'vitest';
import { FakePeerConnection } from '../../testing/fakePeerConnection';
import {
  connectedPair,
  exchange,
  flushTasks,
  latestConnection,
  newServers,
  openPeer,
} from '../../testing/fakePeers';
import { DISCONNECTED_GRACE_MS, PROBE_MS, RETRY_MIN_MS } from './iceRestarter';

beforeEach(() => {
  vi.useFakeTimers();
});

describe('recovery', () => {
  it('restarts ICE as soon as ICE has failed', async () => {
    const { impolite } = await connectedPair();
    impolite.connection.setState('failed');
    await flushTasks();
    expect(impolite.connection.restarts).toBe(1);
  });

  it('restarts ICE with fresh servers', async () => {
    const { impolite } = await connectedPair();
    let deliver = () => {};
    const asking = new Promise<void>((resolve) => {
      deliver = resolve;
    });
    impolite.fresh.mockReturnValue(asking.then(() => newServers));
    impolite.connection.setState('failed');
    await flushTasks();
    expect(impolite.connection.restarts).toBe(0);
    deliver();
    await flushTasks();
    expect(impolite.connection.configuration.iceServers).toBe(newServers);
    expect(impolite.connection.restarts).toBe(1);
  });

  it('restarts ICE with growing delays while it fails', async () => {
    const { impolite } = await connectedPair();
    const failAgain = async (waitMs: number) => {
      const { restarts } = impolite.connection;
      impolite.connection.setState('failed');
      await vi.advanceTimersByTimeAsync(waitMs - 1);
      expect(impolite.connection.restarts).toBe(restarts);
      await vi.advanceTimersByTimeAsync(1);
      expect(impolite.connection.restarts).toBe(restarts + 1);
    };
    impolite.connection.setState('failed');
    await flushTasks();
    await failAgain(RETRY_MIN_MS);
    await failAgain(2 * RETRY_MIN_MS);
    impolite.connection.setState('connected');
    impolite.connection.setState('failed');
    await flushTasks();
    expect(impolite.connection.restarts).toBe(4);
  });

  it('restarts ICE when a probe receives nothing', async () => {
    const { impolite } = await connectedPair();
    impolite.connection.stats = [{ type: 'candidate-pair', bytesReceived: 7 }];
    impolite.peer.probe();
    await vi.advanceTimersByTimeAsync(PROBE_MS);
    expect(impolite.connection.restarts).toBe(1);
  });

  it('keeps the path when a probe receives traffic', async () => {
    const { impolite } = await connectedPair();
    impolite.peer.probe();
    await flushTasks();
    impolite.connection.stats = [{ type: 'candidate-pair', bytesReceived: 7 }];
    await vi.advanceTimersByTimeAsync(PROBE_MS);
    expect(impolite.connection.restarts).toBe(0);
  });

  it('restarts ICE when the connection stays disconnected', async () => {
    const { impolite } = await connectedPair();
    impolite.connection.setState('disconnected');
    await vi.advanceTimersByTimeAsync(DISCONNECTED_GRACE_MS - 1);
    expect(impolite.connection.restarts).toBe(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(impolite.connection.restarts).toBe(1);
  });

  it('keeps the path after a short disconnection', async () => {
    const { impolite } = await connectedPair();
    impolite.connection.setState('disconnected');
    await vi.advanceTimersByTimeAsync(DISCONNECTED_GRACE_MS - 1);
    impolite.connection.setState('connected');
    await vi.advanceTimersByTimeAsync(DISCONNECTED_GRACE_MS);
    expect(impolite.connection.restarts).toBe(0);
  });

  it('repeats an unanswered offer unchanged', async () => {
    const { peer, signals } = openPeer();
    peer.offer();
    await flushTasks();
    peer.recover();
    await flushTasks();
    expect(signals).toHaveLength(2);
    expect(signals[1]).toEqual(signals[0]);
  });

  it('replaces the connection on an offer from a reloaded page', async () => {
    const { impolite } = await connectedPair();
    const reloaded = openPeer({ polite: true });
    reloaded.peer.offer();
    await exchange(reloaded, impolite);
    expect(impolite.onReplaced).toHaveBeenCalledOnce();
    expect(impolite.connection.isClosed).toBe(true);
    expect(latestConnection().localDescription?.type).toBe('answer');
    expect(reloaded.connection.signalingState).toBe('stable');
  });

  it('replaces the connection and offers when a reloaded page answers', async () => {
    const { impolite } = await connectedPair();
    impolite.connection.restartIce();
    const reloaded = openPeer({ polite: true });
    await exchange(impolite, reloaded);
    expect(impolite.onReplaced).toHaveBeenCalledOnce();
    expect(reloaded.onReplaced).toHaveBeenCalledOnce();
    const [theirs, ours] = FakePeerConnection.made.slice(-2);
    expect(ours).toMatchObject({ signalingState: 'stable', localDescription: { type: 'answer' } });
    expect(theirs).toMatchObject({ signalingState: 'stable', localDescription: { type: 'offer' } });
  });

  it('replaces the connection when DTLS failed on a working path', async () => {
    const { impolite } = await connectedPair();
    impolite.connection.setState('connected');
    impolite.connection.connectionState = 'failed';
    impolite.peer.recover();
    await flushTasks();
    expect(impolite.connection.isClosed).toBe(true);
    expect(impolite.signals).toMatchObject([{ description: { type: 'offer' } }]);
  });
});
