// Degrading the outgoing video on a poor network, and restoring it.

import { describe, expect, it } from 'vitest';
import type { Level } from './level';
import {
  afterSample,
  type Degradation,
  encodingAt,
  isPaused,
  steps,
  undegraded,
} from './videoDegradation';

function after(degradation: Degradation, samples: number, level: Level): Degradation {
  let result = degradation;
  for (let count = 0; count < samples; count += 1) result = afterSample(result, level);
  return result;
}

/** Number of samples of one level until the step changes. */
function samplesUntilChange(degradation: Degradation, level: Level): number {
  for (let samples = 1; samples < 1_000; samples += 1) {
    if (after(degradation, samples, level).step !== degradation.step) return samples;
  }
  throw new Error('the step never changes');
}

const paused = after(undegraded, 100, 'poor');

describe('the video', () => {
  it('keeps its quality on two poor samples, and on a fair network', () => {
    expect(after(undegraded, 2, 'poor').step).toBe(0);
    expect(after(undegraded, 100, 'fair').step).toBe(0);
  });

  it('degrades one step every three poor samples until it pauses', () => {
    const seen = [3, 6, 9].map((samples) => after(undegraded, samples, 'poor').step);
    expect(seen).toEqual([1, 2, 3]);
    expect(isPaused(paused)).toBe(true);
    const bitrates = steps.slice(1, -1).map(({ maxBitrate }) => maxBitrate);
    expect(bitrates).toEqual(bitrates.toSorted((a, b) => Number(b) - Number(a)));
  });

  it('is restored step by step, faster on a good network than on a fair one', () => {
    expect(samplesUntilChange(paused, 'good')).toBe(5);
    expect(samplesUntilChange(paused, 'fair')).toBe(10);
    expect(after(paused, 20, 'good')).toEqual(undegraded);
  });

  it('is restored after a delay that doubles with each failure', () => {
    let degradation = paused;
    const waits = [];
    for (let attempt = 0; attempt < 8; attempt += 1) {
      waits.push(samplesUntilChange(degradation, 'good'));
      degradation = after(after(degradation, waits.at(-1) ?? 0, 'good'), 3, 'poor');
    }
    expect(waits).toEqual([5, 10, 20, 40, 80, 150, 150, 150]);
  });

  it('is restored at the first delay again once full quality has held', () => {
    const tried = after(after(paused, 5, 'good'), 3, 'poor');
    expect(after(tried, 1_000, 'good')).toEqual(undegraded);
  });

  it('of a screen keeps its resolution', () => {
    const step2 = after(undegraded, 6, 'poor');
    expect(encodingAt(step2, false).scaleResolutionDownBy).toBe(3);
    expect(encodingAt(step2, true)).toEqual({ active: true, maxBitrate: steps[2]?.maxBitrate });
  });
});
