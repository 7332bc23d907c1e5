// A call over networks that are slow, broken or lost.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  answer,
  bob,
  connectedCall,
  connection,
  flushTasks,
  type OpenCall,
  openCall,
} from '../../testing/fakeCall';
import { FakeMediaStream, FakeTrack } from '../../testing/fakeMedia';
import { firstSample, secondSample } from '../../testing/recordedStats';
import { FETCH_LIMIT_MS, REFRESH_RETRY_MS } from '../connection/iceServerCache';
import { SAMPLE_MS } from '../quality/qualityMonitor';
import { steps } from '../quality/videoDegradation';
import { PATH_TIMEOUT_MS } from './call';
import { SLEEP_MS } from './networkChanges';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  Reflect.deleteProperty(navigator, 'mediaDevices');
});

/** Installs a screen to share. */
function installScreen(): FakeTrack {
  const track = new FakeTrack('video');
  const value = { getDisplayMedia: async () => new FakeMediaStream([track]) };
  Object.defineProperty(navigator, 'mediaDevices', { value, configurable: true });
  return track;
}

/** The last status sent to the other side. */
const sentStatus = () => JSON.parse(connection().channel?.sent.at(-1) ?? 'null');

describe('ICE servers', () => {
  const hour = 3_600_000;
  const relay = (name: string) => ({
    servers: [{ urls: `turn:${name}`, username: name, credential: name }],
    expiresAt: performance.now() + hour,
    turnUrls: [`turn:${name}`],
  });

  /** A connected call to Bob, with credentials that are valid for an hour. */
  const connectedWithRelay = () => connectedCall(relay('first'));

  const inUse = () => connection().configuration.iceServers?.map(({ urls }) => urls);

  it('are set on joining', async () => {
    const { call } = await connectedWithRelay();
    expect(inUse()).toEqual(['turn:first']);
    expect(call.snapshot.get().hasRelay).toBe(true);
  });

  it('are refreshed each time before they expire', async () => {
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

  it('are requested again after a failed refresh, and kept meanwhile', async () => {
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

  it('are refreshed before an ICE restart', async () => {
    const { signaling } = await connectedWithRelay();
    signaling.servers = relay('second');
    connection().setState('failed');
    await flushTasks();
    expect(connection().restarts).toBe(1);
    expect(inUse()).toEqual(['turn:second']);
  });

  it.each([
    ['are refused', () => Promise.reject(new Error('away'))],
    ['never arrive', () => new Promise<void>(() => {})],
  ])('do not delay an ICE restart when they %s', async (_what, answered) => {
    const { signaling } = await connectedWithRelay();
    signaling.answer = answered;
    connection().setState('failed');
    await vi.advanceTimersByTimeAsync(FETCH_LIMIT_MS + 1);
    expect(connection().restarts).toBe(1);
    expect(inUse()).toEqual(['turn:first']);
  });
});

describe('a path that is not found', () => {
  it('is reported after the timeout while the search continues', async () => {
    const { signaling, state } = openCall();
    signaling.join({ peer: bob });
    await vi.advanceTimersByTimeAsync(PATH_TIMEOUT_MS - 1);
    expect(state()).toEqual({ phase: 'connecting', to: 'peer' });
    await vi.advanceTimersByTimeAsync(1);
    expect(state()).toEqual({ phase: 'connecting', to: 'peer', noPath: true });
    signaling.emit({ type: 'description', from: bob.id, name: null, description: answer });
    await flushTasks();
    connection().setState('failed');
    await flushTasks();
    expect(connection().restarts).toBe(1);
  });

  it('is no longer reported once it is found', async () => {
    const { state } = await connectedCall();
    connection().setState('failed');
    await vi.advanceTimersByTimeAsync(PATH_TIMEOUT_MS);
    expect(state()).toEqual({ phase: 'reconnecting', lost: 'media', noPath: true });
    connection().setState('connected');
    expect(state()).toEqual({ phase: 'connected' });
    connection().setState('disconnected');
    expect(state()).toEqual({ phase: 'reconnecting', lost: 'media' });
  });

  it.each([
    ['another network', () => window.dispatchEvent(new Event('online'))],
    ['a long sleep', () => vi.setSystemTime(Date.now() + 10 * SLEEP_MS)],
  ])('is detected early after %s', async (_what, happen) => {
    await connectedCall();
    happen();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(connection()).toMatchObject({ connectionState: 'connected', restarts: 1 });
  });
});

describe('the screen', () => {
  it('is sent without a camera and without renegotiation', async () => {
    const { call, signaling } = await connectedCall();
    connection().channel?.open();
    const screen = installScreen();
    await call.screen.start();
    await flushTasks();
    expect(connection().transceiver('video').sender.track).toBe(screen);
    expect(screen.contentHint).toBe('detail');
    expect(sentStatus()).toMatchObject({ screen: true, camera: false });
    expect(signaling.signals).toEqual([]);
    expect(connection().negotiations).toBe(1);
  });

  it.each([
    ['by the page', ({ call }: OpenCall) => call.screen.stop()],
    [
      'by the browser’s own button',
      (_: unknown, track: FakeTrack) => track.dispatchEvent(new Event('ended')),
    ],
  ])('is stopped %s', async (_where, end) => {
    const opened = await connectedCall();
    connection().channel?.open();
    const screen = installScreen();
    await opened.call.screen.start();
    end(opened, screen);
    expect(connection().transceiver('video').sender.track).toBeNull();
    expect(sentStatus()).toMatchObject({ screen: false });
    expect(screen.isStopped).toBe(true);
  });

  it('is stopped when the call ends', async () => {
    const { call } = await connectedCall();
    const screen = installScreen();
    await call.screen.start();
    call.leave();
    expect(screen.isStopped).toBe(true);
  });
});

describe('a network that cannot carry everything', () => {
  /** A connected call to Bob in which this side shares its screen. */
  async function sharing() {
    const opened = await connectedCall();
    connection().channel?.open();
    installScreen();
    await opened.call.screen.start();
    return opened;
  }

  /** Takes samples of the recorded network with another round trip time. */
  async function sample(times: number, roundTripTime: number): Promise<void> {
    for (let count = 0; count < times; count += 1) {
      const recorded = count % 2 === 0 ? firstSample : secondSample;
      connection().stats = recorded.map((stat) =>
        stat.type === 'candidate-pair' ? { ...stat, currentRoundTripTime: roundTripTime } : stat,
      );
      await vi.advanceTimersByTimeAsync(SAMPLE_MS);
    }
  }

  const encoding = () => connection().transceiver('video').encoding;

  it('degrades and pauses the video, and informs both sides', async () => {
    const { call } = await sharing();
    await sample(1 + 3, 2);
    expect(encoding()).toMatchObject({ active: true, maxBitrate: steps[1]?.maxBitrate });
    expect(call.quality.get()?.level).toBe('poor');
    await sample(6, 2);
    expect(encoding()).toMatchObject({ active: false });
    expect(call.snapshot.get().isVideoPaused).toBe(true);
    expect(sentStatus()).toMatchObject({ screen: true, videoPaused: true });
    expect(connection().transceiver('audio').encoding).toMatchObject({ priority: 'high' });
  });

  it('restores the video when it improves', async () => {
    const { call } = await sharing();
    await sample(1 + 9, 2);
    await sample(5, 0.05);
    expect(encoding()).toMatchObject({ active: true });
    expect(call.snapshot.get().isVideoPaused).toBe(false);
    expect(sentStatus()).toMatchObject({ videoPaused: false });
    await sample(15, 0.05);
    expect(encoding()).toEqual({ active: true, priority: 'low', networkPriority: 'low' });
  });

  it('does not pause a video that is not sent', async () => {
    const { call } = await connectedCall();
    await sample(20, 2);
    expect(call.snapshot.get().isVideoPaused).toBe(false);
    expect(encoding()).toMatchObject({ active: true });
  });
});
