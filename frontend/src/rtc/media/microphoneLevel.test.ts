// Levels of a microphone.

import { beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeAudioContext } from '../../testing/fakeAudio';
import { FakeTrack } from '../../testing/fakeMedia';
import { loudnessOf, watchLevel } from './microphoneLevel';

const track = new FakeTrack('audio') as unknown as MediaStreamTrack;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['requestAnimationFrame', 'cancelAnimationFrame'] });
});

function watch() {
  const events = { onLevel: vi.fn(), onHeard: vi.fn(), onSuspended: vi.fn() };
  return { ...events, stop: watchLevel(track, events) };
}

describe('a level', () => {
  it.each([
    [0, 0],
    [0.001, 0],
    [0.032, 0.5],
    [1, 1],
  ])('of samples at %d is %d', (loudness, level) => {
    expect(loudnessOf(new Float32Array(64).fill(loudness))).toBeCloseTo(level, 1);
  });
});

describe('watching a microphone', () => {
  it('reports speech once', () => {
    const { onLevel, onHeard } = watch();
    vi.advanceTimersToNextFrame();
    expect(onHeard).not.toHaveBeenCalled();
    FakeAudioContext.loudness = 0.3;
    vi.advanceTimersToNextFrame();
    vi.advanceTimersToNextFrame();
    expect(onHeard).toHaveBeenCalledOnce();
    expect(onLevel.mock.lastCall?.[0]).toBeGreaterThan(0.5);
  });

  it('lowers the level gradually in silence', () => {
    FakeAudioContext.loudness = 0.3;
    const { onLevel } = watch();
    vi.advanceTimersToNextFrame();
    FakeAudioContext.loudness = 0;
    vi.advanceTimersToNextFrame();
    const [[loud], [later]] = onLevel.mock.calls as [[number], [number]];
    expect(later).toBeGreaterThan(0);
    expect(later).toBeLessThan(loud);
  });

  it('is suspended until the page is touched where the browser requires it', async () => {
    FakeAudioContext.initialState = 'suspended';
    const { onSuspended } = watch();
    expect(onSuspended).toHaveBeenLastCalledWith(true);
    window.dispatchEvent(new Event('pointerdown'));
    await vi.waitFor(() => expect(onSuspended).toHaveBeenLastCalledWith(false));
  });

  it('reports nothing where the browser has no audio context', () => {
    vi.stubGlobal('AudioContext', undefined);
    const { onLevel, stop } = watch();
    vi.advanceTimersToNextFrame();
    stop();
    expect(onLevel).not.toHaveBeenCalled();
  });

  it('closes its audio context when it ends', () => {
    const { onLevel, stop } = watch();
    stop();
    vi.advanceTimersToNextFrame();
    expect(onLevel).not.toHaveBeenCalled();
    expect(FakeAudioContext.made[0]?.state).toBe('closed');
  });
});
