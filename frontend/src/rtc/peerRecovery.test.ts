// How a peer brings a connection back that is broken, or that the other side does not know any more.

import { beforeEach, describe, expect, it, vi } from 'vitest';
import { FakePeerConnection } from '../testing/fakePeerConnection';
import {
  connectedPair,
  exchange,
  latestConnection,
  newServers,
  openPeer,
  settle,
} from '../testing/fakePeers';
import { DISCONNECTED_GRACE_MS, PROBE_MS, RETRY_MIN_MS } from './iceHealing';

beforeEach(() => {
  vi.useFakeTimers();
});

describe('recovery', () => {
  it('restarts ICE as soon as it has failed', async () => {
    const { impolite } = await connectedPair();
    impolite.connection.turn('failed');
    await settle();
    expect(impolite.connection.restarts).toBe(1);
  });

  it('asks for fresh servers first, and searches with them', async () => {
    const { impolite } = await connectedPair();
    let deliver = () => {};
    const asking = new Promise<void>((resolve) => {
      deliver = resolve;
    });
    impolite.fresh.mockReturnValue(asking.then(() => newServers));
    impolite.connection.turn('failed');
    await settle();
    expect(impolite.connection.restarts).toBe(0);
    deliver();
    await settle();
    expect(impolite.connection.configuration.iceServers).toBe(newServers);
    expect(impolite.connection.restarts).toBe(1);
  });

  it('searches less and less often where nothing is found', async () => {
    const { impolite } = await connectedPair();
    const failAgain = async (waitMs: number) => {
      const { restarts } = impolite.connection;
      impolite.connection.turn('failed');
      await vi.advanceTimersByTimeAsync(waitMs - 1);
      expect(impolite.connection.restarts).toBe(restarts);
      await vi.advanceTimersByTimeAsync(1);
      expect(impolite.connection.restarts).toBe(restarts + 1);
    };
    impolite.connection.turn('failed');
    await settle();
    await failAgain(RETRY_MIN_MS);
    await failAgain(2 * RETRY_MIN_MS);
    impolite.connection.turn('connected');
    impolite.connection.turn('failed');
    await settle();
    expect(impolite.connection.restarts).toBe(4);
  });

  it('restarts ICE on a path that proves dead when it is doubted', async () => {
    const { impolite } = await connectedPair();
    impolite.connection.stats = [{ type: 'candidate-pair', bytesReceived: 7 }];
    impolite.peer.probe();
    await vi.advanceTimersByTimeAsync(PROBE_MS);
    expect(impolite.connection.restarts).toBe(1);
  });

  it('leaves a doubted path alone over which something comes', async () => {
    const { impolite } = await connectedPair();
    impolite.peer.probe();
    await settle();
    impolite.connection.stats = [{ type: 'candidate-pair', bytesReceived: 7 }];
    await vi.advanceTimersByTimeAsync(PROBE_MS);
    expect(impolite.connection.restarts).toBe(0);
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
    const { peer, said } = openPeer();
    peer.offer();
    await settle();
    peer.recover();
    await settle();
    expect(said).toHaveLength(2);
    expect(said[1]).toEqual(said[0]);
  });

  it('makes a new connection for an offer from a reloaded page', async () => {
    const { impolite } = await connectedPair();
    const reloaded = openPeer({ polite: true });
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
    const reloaded = openPeer({ polite: true });
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
