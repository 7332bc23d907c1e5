// Reads a connection's metrics from the browser's statistics. Pure.
// Source: https://www.w3.org/TR/webrtc-stats/

/** Metrics of a connection; null where unknown. */
export interface Metrics {
  /** Round trip time, in milliseconds. */
  roundTripMs: number | null;
  /** Share of incoming packets that were lost, from 0 to 1. */
  lossIn: number | null;
  /** Share of outgoing packets that were lost, from 0 to 1. */
  lossOut: number | null;
  /** Jitter of the incoming audio, in milliseconds. */
  jitterMs: number | null;
  /** In bits per second. */
  bitrateIn: number | null;
  bitrateOut: number | null;
  videoIn: VideoFormat | null;
  videoOut: VideoFormat | null;
  path: Path | null;
}

export interface VideoFormat {
  width: number;
  height: number;
  framesPerSecond: number;
}

export interface Path {
  kind: 'direct' | 'relayed';
  /** First hop from this side: udp, tcp, or tls to a relay. */
  protocol: string;
}

/** One sample of the statistics. Rates need two samples; the rest is in `now`. */
export interface Sample {
  /** In milliseconds; of the statistics' own clock. */
  at: number;
  packetsIn: number;
  packetsLostIn: number;
  bytesIn: number;
  bytesOut: number;
  now: Omit<Metrics, 'lossIn' | 'bitrateIn' | 'bitrateOut'>;
}

/** Any member of RTCStatsReport. */
// biome-ignore lint/suspicious/noExplicitAny: the types differ in their fields, and so do browsers.
type Stat = Record<string, any>;

/** Maximum age of a receiver report, which remote sides send every few seconds. */
const REPORT_LIFE_MS = 10_000;

/** Reads a sample; null without a selected candidate pair. */
export function readSample(report: Iterable<Stat>): Sample | null {
  const stats = [...report];
  const pair = selectedPair(stats);
  if (!pair) return null;
  const incoming = stats.filter(({ type }) => type === 'inbound-rtp');
  const [audio] = incoming.filter(({ kind }) => kind === 'audio');
  return {
    at: pair.timestamp,
    packetsIn: sum(incoming, 'packetsReceived'),
    packetsLostIn: sum(incoming, 'packetsLost'),
    bytesIn: pair.bytesReceived ?? 0,
    bytesOut: pair.bytesSent ?? 0,
    now: {
      roundTripMs: inMilliseconds(pair.currentRoundTripTime),
      lossOut: reportedLoss(stats, pair.timestamp),
      jitterMs: inMilliseconds(audio?.jitter),
      videoIn: videoFormatOf(incoming),
      videoOut: videoFormatOf(stats.filter(({ type }) => type === 'outbound-rtp')),
      path: pathOf(stats, pair),
    },
  };
}

/** Metrics of the time between two samples of the same connection. */
export function metricsBetween(before: Sample, after: Sample): Metrics {
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

function selectedPair(stats: Stat[]): Stat | undefined {
  const transport = stats.find(({ type }) => type === 'transport');
  const pairs = stats.filter(({ type }) => type === 'candidate-pair');
  return (
    pairs.find(({ id }) => id === transport?.selectedCandidatePairId) ??
    // Firefox reports no selectedCandidatePairId.
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

/** Highest loss in the remote side's recent receiver reports. */
function reportedLoss(stats: Stat[], now: number): number | null {
  const losses = stats
    .filter(({ type, timestamp }) => {
      return type === 'remote-inbound-rtp' && now - timestamp < REPORT_LIFE_MS;
    })
    .map(({ fractionLost }) => fractionLost)
    .filter((loss) => typeof loss === 'number');
  return losses.length > 0 ? Math.max(...losses) : null;
}

function videoFormatOf(streams: Stat[]): VideoFormat | null {
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
