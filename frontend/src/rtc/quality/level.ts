// Rates metrics as good, fair or poor, with hysteresis against flicker. Pure.

import type { Metrics } from './statistics';

export type Level = 'good' | 'fair' | 'poor';

/** Values above the first are fair, above the second poor. */
const thresholds = {
  roundTripMs: [300, 800],
  loss: [0.03, 0.1],
  jitterMs: [40, 120],
} as const;

/** Level of the whole call: that of its worst metric. */
export function levelOf(metrics: Metrics): Level {
  const { jitterMs, lossIn } = metrics;
  return worst([
    sendLevelOf(metrics),
    rate(lossIn, thresholds.loss),
    rate(jitterMs, thresholds.jitterMs),
  ]);
}

/** Level of the sending direction, which this side improves by sending less. */
export function sendLevelOf({ roundTripMs, lossOut }: Metrics): Level {
  return worst([rate(roundTripMs, thresholds.roundTripMs), rate(lossOut, thresholds.loss)]);
}

/** A level, and the latest samples that contradict it. */
export interface SteadyLevel {
  level: Level;
  contradictions: Level[];
}

/** Contradicting samples in a row that change the level; improving takes more than worsening. */
const samplesToWorsen = 2;
const samplesToImprove = 3;

/** Level after one more sample. */
export function steady(previous: SteadyLevel | null, level: Level): SteadyLevel {
  if (!previous) return { level, contradictions: [] };
  const isWorse = rank(level) > rank(previous.level);
  const isContradiction = level !== previous.level;
  const keepsDirection = previous.contradictions.every(
    (earlier) => rank(earlier) > rank(previous.level) === isWorse,
  );
  if (!isContradiction) return { level, contradictions: [] };
  const contradictions = keepsDirection ? [...previous.contradictions, level] : [level];
  if (contradictions.length < (isWorse ? samplesToWorsen : samplesToImprove)) {
    return { ...previous, contradictions };
  }
  // Takes the smallest change that all contradictions support.
  const ranks = contradictions.map(rank);
  const agreed = isWorse ? Math.min(...ranks) : Math.max(...ranks);
  return { level: levels[agreed] ?? level, contradictions: [] };
}

const levels: Level[] = ['good', 'fair', 'poor'];

function rank(level: Level): number {
  return levels.indexOf(level);
}

function worst(some: Level[]): Level {
  return levels[Math.max(...some.map(rank))] ?? 'good';
}

/** Rates one value; an unknown value counts as good. */
function rate(value: number | null, [fair, poor]: readonly [number, number]): Level {
  if (value === null || value <= fair) return 'good';
  return value <= poor ? 'fair' : 'poor';
}
