// Degrades the outgoing video where the network cannot carry it along with the audio: step by step
// down to a pause. Each step back takes a time without poor samples, which doubles after every
// attempt that failed. Pure.

import type { Level } from './level';

/** Encoding parameters of the outgoing video; a subset of RTCRtpEncodingParameters. */
export interface VideoEncoding {
  active: boolean;
  /** In bits per second; unlimited when absent. */
  maxBitrate?: number;
  /** 2 halves width and height. */
  scaleResolutionDownBy?: number;
}

/** Encodings from full quality to a paused video. */
export const steps: readonly VideoEncoding[] = [
  { active: true },
  { active: true, maxBitrate: 400_000, scaleResolutionDownBy: 1.5 },
  { active: true, maxBitrate: 120_000, scaleResolutionDownBy: 3 },
  { active: false },
];

export interface Degradation {
  /** Index into `steps`. */
  step: number;
  /** Poor samples in a row. */
  poorSamples: number;
  /** Credit since the last change: a good sample adds two, a fair one adds one. */
  credit: number;
  /** Credit that allows a step back; doubles after each step back that failed. */
  requiredCredit: number;
  /** True after a step back, until the next change of `step`. */
  isOnTrial: boolean;
}

/** Poor samples before the next step: six seconds at one sample every two seconds. */
const MAX_POOR_SAMPLES = 3;

/** Credit of ten good seconds, and of five good minutes. */
const MIN_CREDIT = 10;
const MAX_CREDIT = 300;

export const undegraded: Degradation = {
  step: 0,
  poorSamples: 0,
  credit: 0,
  requiredCredit: MIN_CREDIT,
  isOnTrial: false,
};

export function afterSample(degradation: Degradation, level: Level): Degradation {
  if (level === 'poor') return afterPoorSample({ ...degradation, credit: 0 });
  const credit = degradation.credit + (level === 'good' ? 2 : 1);
  const credited = { ...degradation, poorSamples: 0, credit };
  return credit < degradation.requiredCredit ? credited : afterEnoughCredit(credited);
}

function afterPoorSample(degradation: Degradation): Degradation {
  const poorSamples = degradation.poorSamples + 1;
  if (poorSamples < MAX_POOR_SAMPLES) return { ...degradation, poorSamples };
  const { requiredCredit, isOnTrial } = degradation;
  return {
    step: Math.min(degradation.step + 1, steps.length - 1),
    poorSamples: 0,
    credit: 0,
    requiredCredit: isOnTrial ? Math.min(requiredCredit * 2, MAX_CREDIT) : requiredCredit,
    isOnTrial: false,
  };
}

function afterEnoughCredit(degradation: Degradation): Degradation {
  if (degradation.step > 0) {
    return { ...degradation, step: degradation.step - 1, credit: 0, isOnTrial: true };
  }
  // Full quality has held for long enough to forget earlier failures.
  return undegraded;
}

/** Encoding of a step. A screen keeps its resolution to stay legible and loses frames instead. */
export function encodingAt({ step }: Degradation, isScreen: boolean): VideoEncoding {
  const { scaleResolutionDownBy, ...encoding } = steps[step] ?? { active: true };
  return isScreen || !scaleResolutionDownBy ? encoding : { ...encoding, scaleResolutionDownBy };
}

export function isPaused({ step }: Degradation): boolean {
  return steps[step]?.active === false;
}
