// A picture that makes way for the sound, and comes back.

import { describe, expect, it } from 'vitest';
import { afterLook, isPaused, limitsAt, steps, type Thrift, unthrifty } from './pictureThrift';
import type { Level } from './quality';

function after(thrift: Thrift, looks: number, level: Level): Thrift {
  let result = thrift;
  for (let look = 0; look < looks; look += 1) result = afterLook(result, level);
  return result;
}

/** How many looks in a row it takes until the step is another one. */
function looksUntilChange(thrift: Thrift, level: Level): number {
  for (let looks = 1; looks < 1_000; looks += 1) {
    if (after(thrift, looks, level).step !== thrift.step) return looks;
  }
  throw new Error('nothing changes');
}

const paused = after(unthrifty, 100, 'poor');

describe('the picture', () => {
  it('is left alone by a hiccup, and by a network that is only fair', () => {
    expect(after(unthrifty, 2, 'poor').step).toBe(0);
    expect(after(unthrifty, 100, 'fair').step).toBe(0);
  });

  it('shrinks step by step, six seconds each, until it pauses', () => {
    const seen = [3, 6, 9].map((looks) => after(unthrifty, looks, 'poor').step);
    expect(seen).toEqual([1, 2, 3]);
    expect(isPaused(paused)).toBe(true);
    const bitrates = steps.slice(1, -1).map(({ maxBitrate }) => maxBitrate);
    expect(bitrates).toEqual(bitrates.toSorted((a, b) => Number(b) - Number(a)));
  });

  it('comes back step by step, sooner on a good network than on a fair one', () => {
    expect(looksUntilChange(paused, 'good')).toBe(5);
    expect(looksUntilChange(paused, 'fair')).toBe(10);
    expect(after(paused, 20, 'good')).toEqual(unthrifty);
  });

  it('is tried less and less often while that goes wrong', () => {
    let thrift = paused;
    const waits = [];
    for (let attempt = 0; attempt < 8; attempt += 1) {
      waits.push(looksUntilChange(thrift, 'good'));
      thrift = after(after(thrift, waits.at(-1) ?? 0, 'good'), 3, 'poor');
    }
    expect(waits).toEqual([5, 10, 20, 40, 80, 150, 150, 150]);
  });

  it('is patient no longer than before once it has stayed', () => {
    const tried = after(after(paused, 5, 'good'), 3, 'poor');
    expect(after(tried, 1_000, 'good')).toEqual(unthrifty);
  });

  it('of a screen keeps its sharpness', () => {
    const step2 = after(unthrifty, 6, 'poor');
    expect(limitsAt(step2, false).scaleResolutionDownBy).toBe(3);
    expect(limitsAt(step2, true)).toEqual({ active: true, maxBitrate: steps[2]?.maxBitrate });
  });
});
