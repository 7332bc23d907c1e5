// How loud is loud.

import { beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeAudioContext } from '../testing/fakeAudio';
import { FakeTrack } from '../testing/fakeMedia';
import { levelOf, watchLevel } from './microphoneLevel';

const track = new FakeTrack('audio') as unknown as MediaStreamTrack;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['requestAnimationFrame', 'cancelAnimationFrame'] });
});

function watch() {
  const events = { onLevel: vi.fn(), onHeard: vi.fn(), onAsleep: vi.fn() };
  return { ...events, stop: watchLevel(track, events) };
}

describe('a level', () => {
  it.each([
    [0, 0],
    [0.001, 0],
    [0.032, 0.5],
    [1, 1],
  ])('of samples at %d is %d', (loudness, level) => {
    expect(levelOf(new Float32Array(64).fill(loudness))).toBeCloseTo(level, 1);
  });
});

describe('watching a microphone', () => {
  it('hears somebody who speaks, and says so once', () => {
    const { onLevel, onHeard } = watch();
    vi.advanceTimersToNextFrame();
    expect(onHeard).not.toHaveBeenCalled();
    FakeAudioContext.loudness = 0.3;
    vi.advanceTimersToNextFrame();
    vi.advanceTimersToNextFrame();
    expect(onHeard).toHaveBeenCalledOnce();
    expect(onLevel.mock.lastCall?.[0]).toBeGreaterThan(0.5);
  });

  it('falls slowly when it gets quiet', () => {
    FakeAudioContext.loudness = 0.3;
    const { onLevel } = watch();
    vi.advanceTimersToNextFrame();
    FakeAudioContext.loudness = 0;
    vi.advanceTimersToNextFrame();
    const [[loud], [later]] = onLevel.mock.calls as [[number], [number]];
    expect(later).toBeGreaterThan(0);
    expect(later).toBeLessThan(loud);
  });

  it('sleeps until the page is touched where the browser wants it so', async () => {
    FakeAudioContext.initialState = 'suspended';
    const { onAsleep } = watch();
    expect(onAsleep).toHaveBeenLastCalledWith(true);
    window.dispatchEvent(new Event('pointerdown'));
    await vi.waitFor(() => expect(onAsleep).toHaveBeenLastCalledWith(false));
  });

  it('is done without where the browser cannot', () => {
    vi.stubGlobal('AudioContext', undefined);
    const { onLevel, stop } = watch();
    vi.advanceTimersToNextFrame();
    stop();
    expect(onLevel).not.toHaveBeenCalled();
  });

  it('leaves nothing behind when it ends', () => {
    const { onLevel, stop } = watch();
    stop();
    vi.advanceTimersToNextFrame();
    expect(onLevel).not.toHaveBeenCalled();
    expect(FakeAudioContext.made[0]?.state).toBe('closed');
  });
});
