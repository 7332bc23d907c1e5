// Tries everything that a call needs of the network, each thing for itself, and judges what that
// means for a call.

import { fetchIceServers, type IceServers, type SeatProof } from '../signaling/iceServers';
import { timeServer, timeWebSocket } from '../signaling/reach';
import { type Gathered, gather, tellsErrors, timeRelay } from './iceProbe';

export const lineKinds = ['server', 'webSocket', 'local', 'stun', 'relay'] as const;
export type LineKind = (typeof lineKinds)[number];

/** `none`: the server has no such thing set up. `unknown`: the browser does not tell. */
export type Outcome = 'good' | 'fair' | 'bad' | 'none' | 'unknown';

export interface CheckLine {
  kind: LineKind;
  outcome: Outcome;
  /** In milliseconds; null where there is none to tell. */
  roundTrip: number | null;
}

export type Verdict = 'good' | 'doubtful' | 'bad';

export interface CheckOptions {
  /** With it, the relay is not only asked but gone through: its credentials are for seats alone. */
  proof?: SeatProof;
  /** Ends the check; nothing is told any more. */
  signal: AbortSignal;
  /** Called once for each kind, as soon as it is known. */
  onLine: (line: CheckLine) => void;
}

/** Whatever has not answered until then would not do for a call either. In milliseconds. */
export const CHECK_LIMIT_MS = 10_000;

/** From here on people notice that the page is slow. In milliseconds. */
const SLOW_SERVER_MS = 1_500;

/** Resolves when every line is told. Rejects only if `signal` ended it. */
export async function checkConnection({ proof, signal, onLine }: CheckOptions): Promise<Verdict> {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), CHECK_LIMIT_MS);
  const abort = () => limit.abort();
  signal.addEventListener('abort', abort);
  const lines: CheckLine[] = [];
  const tell = (line: CheckLine) => {
    lines.push(line);
    if (!signal.aborted) onLine(line);
  };
  try {
    const iceServers = within(limit.signal, iceServersFor(proof)).catch(() => null);
    await Promise.all([
      checkServer(limit.signal, iceServers).then(tell),
      checkWebSocket(limit.signal).then(tell),
      checkLocal(limit.signal).then(tell),
      iceServers.then((servers) => checkStun(servers, limit.signal)).then(tell),
      iceServers.then((servers) => checkRelay(servers, limit.signal)).then(tell),
    ]);
    signal.throwIfAborted();
    return verdictOf(lines);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
    limit.abort();
  }
}

export function verdictOf(lines: CheckLine[]): Verdict {
  const outcome = Object.fromEntries(lines.map((line) => [line.kind, line.outcome]));
  if (outcome.server === 'bad' || outcome.local === 'bad') return 'bad';
  if (outcome.relay === 'good') return 'good';
  // From here on it depends on the other person's network, too.
  return outcome.stun === 'bad' && outcome.relay !== 'fair' ? 'bad' : 'doubtful';
}

/** A seat may have been given up in the meantime; what everybody is told is better than nothing. */
function iceServersFor(proof?: SeatProof): Promise<IceServers> {
  if (!proof) return fetchIceServers();
  return fetchIceServers(proof).catch(() => fetchIceServers());
}

async function checkServer(
  signal: AbortSignal,
  iceServers: Promise<IceServers | null>,
): Promise<CheckLine> {
  try {
    const roundTrip = await timeServer(signal);
    if (!(await iceServers)) return line('server', 'bad');
    return line('server', roundTrip > SLOW_SERVER_MS ? 'fair' : 'good', roundTrip);
  } catch {
    return line('server', 'bad');
  }
}

async function checkWebSocket(signal: AbortSignal): Promise<CheckLine> {
  try {
    return line('webSocket', 'good', await timeWebSocket(signal));
  } catch {
    return line('webSocket', 'bad');
  }
}

async function checkLocal(signal: AbortSignal): Promise<CheckLine> {
  const gathered = await tryToGather({}, signal, ({ host }) => host !== null);
  return line('local', gathered?.host == null ? 'bad' : 'good');
}

async function checkStun(iceServers: IceServers | null, signal: AbortSignal): Promise<CheckLine> {
  if (!iceServers) return line('stun', 'unknown');
  const stunServers = iceServers.servers.filter((server) => !isRelay(server));
  if (stunServers.length === 0) return line('stun', 'none');
  const configuration = { iceServers: stunServers };
  return stunLine(await tryToGather(configuration, signal, ({ srflx }) => srflx !== null));
}

function stunLine(gathered: Gathered | null): CheckLine {
  if (!gathered) return line('stun', 'bad');
  if (gathered.srflx !== null) return line('stun', 'good', gathered.srflx);
  // What STUN found is left out where it is an address that the device has anyway.
  const { host, isComplete, isUnreachable } = gathered;
  return line('stun', host !== null && isComplete && !isUnreachable ? 'good' : 'bad');
}

async function checkRelay(iceServers: IceServers | null, signal: AbortSignal): Promise<CheckLine> {
  if (!iceServers) return line('relay', 'unknown');
  const relays = iceServers.servers.filter(isRelay);
  if (relays.length > 0) return goThroughRelay(relays, signal);
  return iceServers.turnUrls.length > 0
    ? askRelay(iceServers.turnUrls, signal)
    : line('relay', 'none');
}

async function goThroughRelay(relays: RTCIceServer[], signal: AbortSignal): Promise<CheckLine> {
  const isThere = tryToGather(
    { iceServers: relays, iceTransportPolicy: 'relay' },
    signal,
    ({ relay }) => relay !== null,
  );
  try {
    return line('relay', 'good', await timeRelay(relays, signal));
  } catch {
    const relay = (await isThere)?.relay ?? null;
    return relay === null ? line('relay', 'bad') : line('relay', 'fair', relay);
  }
}

/** Without credentials a relay turns us away, which proves that it is there. */
async function askRelay(urls: string[], signal: AbortSignal): Promise<CheckLine> {
  const gathered = await tryToGather(
    {
      iceServers: [{ urls, username: 'connection-check', credential: 'none' }],
      iceTransportPolicy: 'relay',
    },
    signal,
    ({ relay, answeredAfter }) => relay !== null || answeredAfter !== null,
  );
  const answered = gathered?.relay ?? gathered?.answeredAfter ?? null;
  if (answered !== null) return line('relay', 'good', answered);
  return line('relay', gathered && !tellsErrors() ? 'unknown' : 'bad');
}

/** Null where the browser refuses: without WebRTC, or with addresses that it does not understand. */
function tryToGather(...attempt: Parameters<typeof gather>): Promise<Gathered | null> {
  return gather(...attempt).catch(() => null);
}

function isRelay({ urls }: RTCIceServer): boolean {
  return [urls].flat().some((url) => url.startsWith('turn'));
}

function line(kind: LineKind, outcome: Outcome, roundTrip: number | null = null): CheckLine {
  return { kind, outcome, roundTrip };
}

function within<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
    work.then(resolve, reject);
  });
}
