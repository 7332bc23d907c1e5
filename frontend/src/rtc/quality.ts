// How well a connection carries a call: from the browser's statistics to a few figures, and from
// those to a verdict. Pure.
// Source: https://www.w3.org/TR/webrtc-stats/

export type Level = 'good' | 'fair' | 'poor';

/** Every figure is null where nothing is known of it. */
export interface Figures {
  /** There and back, in milliseconds. */
  roundTripMs: number | null;
  /** Of what the other side sent, the share that did not arrive: 0 to 1. */
  lossIn: number | null;
  /** Of what this side sent. */
  lossOut: number | null;
  /** How unevenly the sound arrives, in milliseconds. */
  jitterMs: number | null;
  /** In bits per second. */
  bitrateIn: number | null;
  bitrateOut: number | null;
  pictureIn: Picture | null;
  pictureOut: Picture | null;
  path: Path | null;
}

export interface Picture {
  width: number;
  height: number;
  framesPerSecond: number;
}

export interface Path {
  kind: 'direct' | 'relayed';
  /** Between this side and the network: udp, tcp, or tls to a relay. */
  protocol: string;
}

/** One look at the statistics: what can be said at once, and what only a second look tells. */
export interface Reading {
  /** In milliseconds; of the statistics' own clock. */
  at: number;
  packetsIn: number;
  packetsLostIn: number;
  bytesIn: number;
  bytesOut: number;
  now: Omit<Figures, 'lossIn' | 'bitrateIn' | 'bitrateOut'>;
}

/** A member of RTCStatsReport, of whatever kind it is. */
// biome-ignore lint/suspicious/noExplicitAny: the kinds differ in their fields, and so do browsers.
type Stat = Record<string, any>;

/** Receivers report every few seconds; what is older tells of another time. */
const REPORT_LIFE_MS = 10_000;

/** What lies above is fair, and above the second poor. */
const thresholds = {
  roundTripMs: [300, 800],
  loss: [0.03, 0.1],
  jitterMs: [40, 120],
} as const;

export function read(report: Iterable<Stat>): Reading | null {
  const stats = [...report];
  const pair = selectedPair(stats);
  if (!pair) return null;
  const incoming = stats.filter(({ type }) => type === 'inbound-rtp');
  const [heard] = incoming.filter(({ kind }) => kind === 'audio');
  return {
    at: pair.timestamp,
    packetsIn: sum(incoming, 'packetsReceived'),
    packetsLostIn: sum(incoming, 'packetsLost'),
    bytesIn: pair.bytesReceived ?? 0,
    bytesOut: pair.bytesSent ?? 0,
    now: {
      roundTripMs: inMilliseconds(pair.currentRoundTripTime),
      lossOut: reportedLoss(stats, pair.timestamp),
      jitterMs: inMilliseconds(heard?.jitter),
      pictureIn: pictureOf(incoming),
      pictureOut: pictureOf(stats.filter(({ type }) => type === 'outbound-rtp')),
      path: pathOf(stats, pair),
    },
  };
}

/** What went on between two looks at the same connection. */
export function compare(before: Reading, after: Reading): Figures {
  const seconds = (after.at - before.at) / 1_000;
  const bitrate = (bytes: number) => (seconds > 0 && bytes >= 0 ? (bytes * 8) / seconds : null);
  const lost = Math.max(0, after.packetsLostIn - before.packetsLostIn);
  const sent = lost + Math.max(0, after.packetsIn - before.packetsIn);
  return {
    ...after.now,
    lossIn: sent > 0 ? lost / sent : null,
    bitrateIn: bitrate(after.bytesIn - before.bytesIn),
    bitrateOut: bitrate(after.bytesOut - before.bytesOut),
  };
}

/** The call as a whole, as good as the worst of it. */
export function levelOf(figures: Figures): Level {
  const { jitterMs, lossIn } = figures;
  return worst([
    outgoingLevelOf(figures),
    rate(lossIn, thresholds.loss),
    rate(jitterMs, thresholds.jitterMs),
  ]);
}

/** What this side can do something about, by sending less. */
export function outgoingLevelOf({ roundTripMs, lossOut }: Figures): Level {
  return worst([rate(roundTripMs, thresholds.roundTripMs), rate(lossOut, thresholds.loss)]);
}

/** A verdict, and how long the figures have been saying something else. */
export interface Verdict {
  level: Level;
  contradictions: Level[];
}

/** It is quick to warn and slow to praise, and changes with neither of them every time. */
const samplesToWorsen = 2;
const samplesToImprove = 3;

export function judge(verdict: Verdict | null, level: Level): Verdict {
  if (!verdict) return { level, contradictions: [] };
  const isWorse = rank(level) > rank(verdict.level);
  const isContradiction = level !== verdict.level;
  const keepsDirection = verdict.contradictions.every(
    (earlier) => rank(earlier) > rank(verdict.level) === isWorse,
  );
  if (!isContradiction) return { level, contradictions: [] };
  const contradictions = keepsDirection ? [...verdict.contradictions, level] : [level];
  if (contradictions.length < (isWorse ? samplesToWorsen : samplesToImprove)) {
    return { ...verdict, contradictions };
  }
  // The mildest change that all of them agree on.
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

/** What is unknown is no reason to complain. */
function rate(value: number | null, [fair, poor]: readonly [number, number]): Level {
  if (value === null || value <= fair) return 'good';
  return value <= poor ? 'fair' : 'poor';
}

function selectedPair(stats: Stat[]): Stat | undefined {
  const transport = stats.find(({ type }) => type === 'transport');
  const pairs = stats.filter(({ type }) => type === 'candidate-pair');
  return (
    pairs.find(({ id }) => id === transport?.selectedCandidatePairId) ??
    // Firefox names no transport's pair.
    pairs.find(({ selected, nominated, state }) => selected ?? (nominated && state === 'succeeded'))
  );
}

function pathOf(stats: Stat[], pair: Stat): Path | null {
  const local = stats.find(({ id }) => id === pair.localCandidateId);
  const remote = stats.find(({ id }) => id === pair.remoteCandidateId);
  if (!local) return null;
  const isRelayed = [local, remote].some((candidate) => candidate?.candidateType === 'relay');
  const protocol = local.relayProtocol ?? local.protocol ?? 'udp';
  return { kind: isRelayed ? 'relayed' : 'direct', protocol };
}

/** The worst of what the other side reported lately. */
function reportedLoss(stats: Stat[], now: number): number | null {
  const losses = stats
    .filter(({ type, timestamp }) => {
      return type === 'remote-inbound-rtp' && now - timestamp < REPORT_LIFE_MS;
    })
    .map(({ fractionLost }) => fractionLost)
    .filter((loss) => typeof loss === 'number');
  return losses.length > 0 ? Math.max(...losses) : null;
}

function pictureOf(streams: Stat[]): Picture | null {
  const stream = streams.find(({ kind, framesPerSecond }) => kind === 'video' && framesPerSecond);
  if (!stream) return null;
  const { frameWidth: width, frameHeight: height, framesPerSecond } = stream;
  return width && height ? { width, height, framesPerSecond } : null;
}

function inMilliseconds(seconds: unknown): number | null {
  return typeof seconds === 'number' ? seconds * 1_000 : null;
}

function sum(stats: Stat[], field: string): number {
  return stats.reduce((total, stat) => total + (stat[field] ?? 0), 0);
}
