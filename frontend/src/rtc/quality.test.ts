// From what browsers tell to what people are told.

import { describe, expect, it } from 'vitest';
import { firstLook, type RecordedStat, secondLook } from '../testing/recordedStats';
import { compare, type Figures, judge, type Level, levelOf, read, type Verdict } from './quality';

/** The second look, with something of it changed. */
function changed(type: string, change: Record<string, unknown>): RecordedStat[] {
  return secondLook.map((stat) => (stat.type === type ? { ...stat, ...change } : stat));
}

function figures(after = secondLook, before = firstLook): Figures {
  const [earlier, later] = [read(before), read(after)];
  if (!earlier || !later) throw new Error('nothing to be read');
  return compare(earlier, later);
}

describe('the figures', () => {
  it('of a recorded call are what its browser counted', () => {
    const { bitrateIn, bitrateOut, ...rest } = figures();
    expect(rest).toEqual({
      roundTripMs: 1,
      lossIn: 0,
      lossOut: 0,
      jitterMs: 0,
      pictureIn: { width: 480, height: 270, framesPerSecond: 20 },
      pictureOut: { width: 480, height: 270, framesPerSecond: 19 },
      path: { kind: 'direct', protocol: 'udp' },
    });
    for (const bitrate of [bitrateIn, bitrateOut]) {
      expect(bitrate).toBeGreaterThan(100_000);
      expect(bitrate).toBeLessThan(1_000_000);
    }
  });

  it('count only what was lost since the look before', () => {
    const before = firstLook.map((stat) =>
      stat.type === 'inbound-rtp' ? { ...stat, packetsLost: 1_000 } : stat,
    );
    const packets = (stats: RecordedStat[]) => read(stats)?.packetsIn ?? 0;
    const lost = packets(secondLook) - packets(firstLook);
    const after = changed('inbound-rtp', { packetsLost: 1_000 + lost / 2 });
    expect(figures(after, before).lossIn).toBe(0.5);
  });

  it('of another path tell which it is', () => {
    const relayed = changed('local-candidate', { candidateType: 'relay', relayProtocol: 'tls' });
    expect(figures(relayed).path).toEqual({ kind: 'relayed', protocol: 'tls' });
    const theirs = changed('remote-candidate', { candidateType: 'relay' });
    expect(figures(theirs).path).toEqual({ kind: 'relayed', protocol: 'udp' });
  });

  it('leave out losses that were reported long ago', () => {
    const old = changed('remote-inbound-rtp', { fractionLost: 0.5, timestamp: 0 });
    expect(figures(old).lossOut).toBeNull();
  });

  it('do not exist without a path', () => {
    expect(read(secondLook.filter(({ type }) => type !== 'candidate-pair'))).toBeNull();
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
    expect(levelOf(figures(changed(type, change)))).toBe(level);
  });
});

describe('the verdict', () => {
  const after = (...looks: Level[]) =>
    looks.reduce<Verdict | null>((verdict, level) => judge(verdict, level), null)?.level;

  it('begins with the first look', () => {
    expect(after('fair')).toBe('fair');
  });

  it('is not changed by a single look', () => {
    expect(after('good', 'poor', 'good', 'poor', 'good')).toBe('good');
  });

  it('worsens with the second look in a row, as far as both agree', () => {
    expect(after('good', 'poor', 'poor')).toBe('poor');
    expect(after('good', 'fair', 'poor')).toBe('fair');
  });

  it('improves only with the third', () => {
    expect(after('poor', 'good', 'good')).toBe('poor');
    expect(after('poor', 'good', 'good', 'good')).toBe('good');
    expect(after('poor', 'good', 'fair', 'good')).toBe('fair');
  });
});
