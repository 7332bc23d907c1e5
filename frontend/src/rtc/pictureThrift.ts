// How the outgoing picture gives way to the sound where the network cannot carry both: it shrinks
// step by step, then pauses, and comes back as carefully, the more so the oftener that went wrong.
// Pure: one look at the network in, what the picture may take out.

import type { VideoLimits } from './mediaLines';
import type { Level } from './quality';

/** From all there is down to nothing. */
export const steps: readonly VideoLimits[] = [
  { active: true },
  { active: true, maxBitrate: 400_000, scaleResolutionDownBy: 1.5 },
  { active: true, maxBitrate: 120_000, scaleResolutionDownBy: 3 },
  { active: false },
];

export interface Thrift {
  /** Index into `steps`. */
  step: number;
  /** Looks in a row at a poor network. */
  poorLooks: number;
  /** Merit gathered since the last change: two for a good look, one for a fair one. */
  merit: number;
  /** The merit at which more is tried. Doubles with each attempt that goes wrong. */
  demanded: number;
  /** The last change was upwards, and has not proved itself yet. */
  isTrying: boolean;
}

/** At a look every two seconds: six seconds, then the next step. */
const POOR_LOOKS = 3;

/** Ten good seconds, and at most five minutes. */
const MIN_DEMAND = 10;
const MAX_DEMAND = 300;

export const unthrifty: Thrift = {
  step: 0,
  poorLooks: 0,
  merit: 0,
  demanded: MIN_DEMAND,
  isTrying: false,
};

export function afterLook(thrift: Thrift, level: Level): Thrift {
  if (level === 'poor') return afterPoorLook({ ...thrift, merit: 0 });
  const merit = thrift.merit + (level === 'good' ? 2 : 1);
  const rested = { ...thrift, poorLooks: 0, merit };
  return merit < thrift.demanded ? rested : afterMerit(rested);
}

function afterPoorLook(thrift: Thrift): Thrift {
  const poorLooks = thrift.poorLooks + 1;
  if (poorLooks < POOR_LOOKS) return { ...thrift, poorLooks };
  const { demanded, isTrying } = thrift;
  return {
    step: Math.min(thrift.step + 1, steps.length - 1),
    poorLooks: 0,
    merit: 0,
    demanded: isTrying ? Math.min(demanded * 2, MAX_DEMAND) : demanded,
    isTrying: false,
  };
}

function afterMerit(thrift: Thrift): Thrift {
  if (thrift.step > 0) return { ...thrift, step: thrift.step - 1, merit: 0, isTrying: true };
  // All there is, for as long as was asked for: earlier failures are forgotten.
  return unthrifty;
}

/** A screen stays sharp, so that it can be read, and gives way in the number of its pictures. */
export function limitsAt({ step }: Thrift, isScreen: boolean): VideoLimits {
  const { scaleResolutionDownBy, ...limits } = steps[step] ?? { active: true };
  return isScreen || !scaleResolutionDownBy ? limits : { ...limits, scaleResolutionDownBy };
}

export function isPaused({ step }: Thrift): boolean {
  return steps[step]?.active === false;
}
