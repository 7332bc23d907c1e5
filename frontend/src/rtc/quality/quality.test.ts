// Reading metrics from the browser's statistics, and rating them.

import { describe, expect, it } from 'vitest';
import { firstSample, type RecordedStat, secondSample } from '../../testing/recordedStats';
import { type Level, levelOf, type SteadyLevel, steady } from './level';
import { type Metrics, metricsBetween, readSample } from './statistics';

/** The second sample, with changed fields in the statistics of one type. */
function changed(type: string, change: Record<string, unknown>): RecordedStat[] {
  return secondSample.map((stat) => (stat.type === type ? { ...stat, ...change } : stat));
}

function metrics(after = secondSample, before = firstSample): Metrics {
  const [earlier, later] = [readSample(before), readSample(after)];
  if (!earlier || !later) throw new Error('a sample has no candidate pair');
  return metricsBetween(earlier, later);
}

describe('metrics', () => {
  it('of a recorded call equal the browser’s counters', () => {
    const { bitrateIn, bitrateOut, ...rest } = metrics();
    expect(rest).toEqual({
      roundTripMs: 1,
      lossIn: 0,
      lossOut: 0,
      jitterMs: 0,
      videoIn: { width: 480, height: 270, framesPerSecond: 20 },
      videoOut: { width: 480, height: 270, framesPerSecond: 19 },
      path: { kind: 'direct', protocol: 'udp' },
    });
    for (const bitrate of [bitrateIn, bitrateOut]) {
      expect(bitrate).toBeGreaterThan(100_000);
      expect(bitrate).toBeLessThan(1_000_000);
    }
  });

  it('count only the packets lost since the previous sample', () => {
    const before = firstSample.map((stat) =>
      stat.type === 'inbound-rtp' ? { ...stat, packetsLost: 1_000 } : stat,
    );
    const packets = (stats: RecordedStat[]) => readSample(stats)?.packetsIn ?? 0;
    const lost = packets(secondSample) - packets(firstSample);
    const after = changed('inbound-rtp', { packetsLost: 1_000 + lost / 2 });
    expect(metrics(after, before).lossIn).toBe(0.5);
  });

  it('tell the kind and protocol of a relayed path', () => {
    const relayed = changed('local-candidate', { candidateType: 'relay', relayProtocol: 'tls' });
    expect(metrics(relayed).path).toEqual({ kind: 'relayed', protocol: 'tls' });
    const theirs = changed('remote-candidate', { candidateType: 'relay' });
    expect(metrics(theirs).path).toEqual({ kind: 'relayed', protocol: 'udp' });
  });

  it('ignore old loss reports', () => {
    const old = changed('remote-inbound-rtp', { fractionLost: 0.5, timestamp: 0 });
    expect(metrics(old).lossOut).toBeNull();
  });

  it('are null without a candidate pair', () => {
    expect(readSample(secondSample.filter(({ type }) => type !== 'candidate-pair'))).toBeNull();
  });
});

describe('the level', () => {
  it.each<[string, Record<string, unknown>, Level]>([
    ['candidate-pair', {}, 'good'],
    ['candidate-pair', { currentRoundTripTime: 0.45 }, 'fair'],
    ['candidate-pair', { currentRoundTripTime: 1.2 }, 'poor'],
    ['remote-inbound-rtp', { fractionLost: 0.05 }, 'fair'],
    ['remote-inbound-rtp', { fractionLost: 0.2 }, 'poor'],
    ['inbound-rtp', { jitter: 0.08 }, 'fair'],
    ['inbound-rtp', { packetsLost: 500 }, 'poor'],
  ])('with a %s of %j is %s', (type, change, level) => {
    expect(levelOf(metrics(changed(type, change)))).toBe(level);
  });
});

describe('the steady level', () => {
  const after = (...samples: Level[]) => samples.reduce<SteadyLevel | null>(steady, null)?.level;

  it('starts with the first sample', () => {
    expect(after('fair')).toBe('fair');
  });

  it('is not changed by a single sample', () => {
    expect(after('good', 'poor', 'good', 'poor', 'good')).toBe('good');
  });

  it('worsens with the second sample in a row, to the level that both support', () => {
    expect(after('good', 'poor', 'poor')).toBe('poor');
    expect(after('good', 'fair', 'poor')).toBe('fair');
  });

  it('improves with the third sample in a row', () => {
    expect(after('poor', 'good', 'good')).toBe('poor');
    expect(after('poor', 'good', 'good', 'good')).toBe('good');
    expect(after('poor', 'good', 'fair', 'good')).toBe('fair');
  });
});
