// What a call sends over a network, and what it does about one that is slow, broken or gone.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  answer,
  bob,
  connectedCall,
  connection,
  type OpenCall,
  openCall,
  settle,
} from '../testing/fakeCall';
import { FakeMediaStream, FakeTrack } from '../testing/fakeMedia';
import { firstLook, secondLook } from '../testing/recordedStats';
import { PATH_PATIENCE_MS } from './call';
import { FETCH_LIMIT_MS, REFRESH_RETRY_MS } from './iceServerSupply';
import { SLEEP_MS } from './networkWatch';
import { steps } from './pictureThrift';
import { SAMPLE_MS } from './qualityMonitor';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  Reflect.deleteProperty(navigator, 'mediaDevices');
});

/** Lets the page have a screen. */
function offerScreen(): FakeTrack {
  const track = new FakeTrack('video');
  const value = { getDisplayMedia: async () => new FakeMediaStream([track]) };
  Object.defineProperty(navigator, 'mediaDevices', { value, configurable: true });
  return track;
}

/** What the other side was told last. */
const told = () => JSON.parse(connection().channel?.sent.at(-1) ?? 'null');

describe('the servers that help to find a path', () => {
  const hour = 3_600_000;
  const relay = (name: string) => ({
    servers: [{ urls: `turn:${name}`, username: name, credential: name }],
    expiresAt: performance.now() + hour,
    turnUrls: [`turn:${name}`],
  });

  /** A call to Bob that is up, with credentials that last for an hour. */
  const connectedWithRelay = () => connectedCall(relay('first'));

  const inUse = () => connection().configuration.iceServers?.map(({ urls }) => urls);

  it('come with the join', async () => {
    const { call } = await connectedWithRelay();
    expect(inUse()).toEqual(['turn:first']);
    expect(call.snapshot.get().hasRelay).toBe(true);
  });

  it('are refreshed before they expire, again and again', async () => {
    const { signaling } = await connectedWithRelay();
    signaling.servers = relay('second');
    await vi.advanceTimersByTimeAsync(0.79 * hour);
    expect(inUse()).toEqual(['turn:first']);
    await vi.advanceTimersByTimeAsync(0.02 * hour);
    expect(inUse()).toEqual(['turn:second']);
    signaling.servers = relay('third');
    await vi.advanceTimersByTimeAsync(0.8 * hour);
    expect(inUse()).toEqual(['turn:third']);
  });

  it('are asked for again when a refresh fails, and kept meanwhile', async () => {
    const { signaling } = await connectedWithRelay();
    signaling.answer = async () => {
      throw new Error('away');
    };
    await vi.advanceTimersByTimeAsync(0.81 * hour);
    expect(inUse()).toEqual(['turn:first']);
    signaling.answer = async () => {};
    signaling.servers = relay('second');
    await vi.advanceTimersByTimeAsync(REFRESH_RETRY_MS);
    expect(inUse()).toEqual(['turn:second']);
  });

  it('are fresh when a new path is looked for', async () => {
    const { signaling } = await connectedWithRelay();
    signaling.servers = relay('second');
    connection().turn('failed');
    await settle();
    expect(connection().restarts).toBe(1);
    expect(inUse()).toEqual(['turn:second']);
  });

  it.each([
    ['refuse', () => Promise.reject(new Error('away'))],
    ['never answer', () => new Promise<void>(() => {})],
  ])('do not hold up the search when they %s', async (_what, answered) => {
    const { signaling } = await connectedWithRelay();
    signaling.answer = answered;
    connection().turn('failed');
    await vi.advanceTimersByTimeAsync(FETCH_LIMIT_MS + 1);
    expect(connection().restarts).toBe(1);
    expect(inUse()).toEqual(['turn:first']);
  });
});

describe('a path that is not found', () => {
  it('is admitted after a while, and looked for all the same', async () => {
    const { signaling, state } = openCall();
    signaling.join({ peer: bob });
    await vi.advanceTimersByTimeAsync(PATH_PATIENCE_MS - 1);
    expect(state()).toEqual({ phase: 'connecting', to: 'peer' });
    await vi.advanceTimersByTimeAsync(1);
    expect(state()).toEqual({ phase: 'connecting', to: 'peer', noPath: true });
    signaling.emit({ type: 'description', from: bob.id, name: null, description: answer });
    await settle();
    connection().turn('failed');
    await settle();
    expect(connection().restarts).toBe(1);
  });

  it('may be found after all', async () => {
    const { state } = await connectedCall();
    connection().turn('failed');
    await vi.advanceTimersByTimeAsync(PATH_PATIENCE_MS);
    expect(state()).toEqual({ phase: 'reconnecting', lost: 'media', noPath: true });
    connection().turn('connected');
    expect(state()).toEqual({ phase: 'connected' });
    connection().turn('disconnected');
    expect(state()).toEqual({ phase: 'reconnecting', lost: 'media' });
  });

  it.each([
    ['another network', () => window.dispatchEvent(new Event('online'))],
    ['a long sleep', () => vi.setSystemTime(Date.now() + 10 * SLEEP_MS)],
  ])('is noticed early, after %s', async (_what, happen) => {
    await connectedCall();
    happen();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(connection()).toMatchObject({ connectionState: 'connected', restarts: 1 });
  });
});

describe('the screen', () => {
  it('is sent in place of a camera that there need not be, without negotiation', async () => {
    const { call, signaling } = await connectedCall();
    connection().channel?.open();
    const screen = offerScreen();
    await call.screen.start();
    await settle();
    expect(connection().line('video').sender.track).toBe(screen);
    expect(screen.contentHint).toBe('detail');
    expect(told()).toMatchObject({ screen: true, camera: false });
    expect(signaling.signals).toEqual([]);
    expect(connection().negotiations).toBe(1);
  });

  it.each([
    ['here', ({ call }: OpenCall) => call.screen.stop()],
    [
      'by the browser’s own button',
      (_: unknown, track: FakeTrack) => track.dispatchEvent(new Event('ended')),
    ],
  ])('is taken back %s', async (_where, end) => {
    const opened = await connectedCall();
    connection().channel?.open();
    const screen = offerScreen();
    await opened.call.screen.start();
    end(opened, screen);
    expect(connection().line('video').sender.track).toBeNull();
    expect(told()).toMatchObject({ screen: false });
    expect(screen.isStopped).toBe(true);
  });

  it('ends with the call', async () => {
    const { call } = await connectedCall();
    const screen = offerScreen();
    await call.screen.start();
    call.leave();
    expect(screen.isStopped).toBe(true);
  });
});

describe('a network that cannot carry everything', () => {
  /** A call to Bob in which this side shows its screen. */
  async function showing() {
    const opened = await connectedCall();
    connection().channel?.open();
    offerScreen();
    await opened.call.screen.start();
    return opened;
  }

  /** Looks at a network like the recorded one, but for its round trips. */
  async function look(times: number, roundTripTime: number): Promise<void> {
    for (let count = 0; count < times; count += 1) {
      const recorded = count % 2 === 0 ? firstLook : secondLook;
      connection().stats = recorded.map((stat) =>
        stat.type === 'candidate-pair' ? { ...stat, currentRoundTripTime: roundTripTime } : stat,
      );
      await vi.advanceTimersByTimeAsync(SAMPLE_MS);
    }
  }

  const encoding = () => connection().line('video').encoding;

  it('carries the sound: the picture shrinks, pauses, and both sides are told', async () => {
    const { call } = await showing();
    await look(1 + 3, 2);
    expect(encoding()).toMatchObject({ active: true, maxBitrate: steps[1]?.maxBitrate });
    expect(call.quality.get()?.verdict).toBe('poor');
    await look(6, 2);
    expect(encoding()).toMatchObject({ active: false });
    expect(call.snapshot.get().isVideoPaused).toBe(true);
    expect(told()).toMatchObject({ screen: true, videoPaused: true });
    expect(connection().line('audio').encoding).toMatchObject({ priority: 'high' });
  });

  it('gets the picture back when it is better', async () => {
    const { call } = await showing();
    await look(1 + 9, 2);
    await look(5, 0.05);
    expect(encoding()).toMatchObject({ active: true });
    expect(call.snapshot.get().isVideoPaused).toBe(false);
    expect(told()).toMatchObject({ videoPaused: false });
    await look(15, 0.05);
    expect(encoding()).toEqual({ active: true, priority: 'low', networkPriority: 'low' });
  });

  it('does not pause what is not sent', async () => {
    const { call } = await connectedCall();
    await look(20, 2);
    expect(call.snapshot.get().isVideoPaused).toBe(false);
    expect(encoding()).toMatchObject({ active: true });
  });
});
