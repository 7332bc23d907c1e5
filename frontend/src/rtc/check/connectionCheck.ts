// Checks each requirement of a call on the network separately, and derives a verdict for calls.

import { fetchIceServers, type IceServers, type SeatProof } from '../../signaling/iceServers';
import { measureServerRoundTrip, measureWebSocketOpening } from '../../signaling/reachability';
import { type Gathered, gather, measureRelayRoundTrip, reportsServerErrors } from './iceProbe';

export const checkKinds = ['server', 'webSocket', 'local', 'stun', 'relay'] as const;
export type CheckKind = (typeof checkKinds)[number];

/** `none`: not configured on the server. `unknown`: not reported by the browser. */
export type CheckOutcome = 'good' | 'fair' | 'bad' | 'none' | 'unknown';

export interface CheckResult {
  kind: CheckKind;
  outcome: CheckOutcome;
  /** In milliseconds; null if not measured. */
  roundTrip: number | null;
}

export type CheckVerdict = 'good' | 'doubtful' | 'bad';

export interface CheckOptions {
  /** Proof of a seat, for relay credentials: the check then sends data through the relay. */
  proof?: SeatProof;
  /** Ends the check, and the calls of `onResult`. */
  signal: AbortSignal;
  /** Called once for each kind, as soon as its result is known. */
  onResult: (line: CheckResult) => void;
}

/** Time limit of the check; a call could not use slower answers. In milliseconds. */
export const CHECK_LIMIT_MS = 10_000;

/** Round trip to the server above which the page feels slow. In milliseconds. */
const SLOW_SERVER_MS = 1_500;

/** Resolves after the last result. Rejects only if `signal` ended the check. */
export async function checkConnection({
  proof,
  signal,
  onResult,
}: CheckOptions): Promise<CheckVerdict> {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), CHECK_LIMIT_MS);
  const abort = () => limit.abort();
  signal.addEventListener('abort', abort);
  const results: CheckResult[] = [];
  const report = (result: CheckResult) => {
    results.push(result);
    if (!signal.aborted) onResult(result);
  };
  try {
    const iceServers = within(limit.signal, iceServersFor(proof)).catch(() => null);
    await Promise.all([
      checkServer(limit.signal, iceServers).then(report),
      checkWebSocket(limit.signal).then(report),
      checkLocal(limit.signal).then(report),
      iceServers.then((servers) => checkStun(servers, limit.signal)).then(report),
      iceServers.then((servers) => checkRelay(servers, limit.signal)).then(report),
    ]);
    signal.throwIfAborted();
    return verdictOf(results);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
    limit.abort();
  }
}

export function verdictOf(results: CheckResult[]): CheckVerdict {
  const outcome = Object.fromEntries(results.map(({ kind, outcome }) => [kind, outcome]));
  if (outcome.server === 'bad' || outcome.local === 'bad') return 'bad';
  if (outcome.relay === 'good') return 'good';
  // Without a relay, the result also depends on the other participant's network.
  return outcome.stun === 'bad' && outcome.relay !== 'fair' ? 'bad' : 'doubtful';
}

/** Fetches with the proof, or without it if the seat is no longer held. */
function iceServersFor(proof?: SeatProof): Promise<IceServers> {
  if (!proof) return fetchIceServers();
  return fetchIceServers(proof).catch(() => fetchIceServers());
}

async function checkServer(
  signal: AbortSignal,
  iceServers: Promise<IceServers | null>,
): Promise<CheckResult> {
  try {
    const roundTrip = await measureServerRoundTrip(signal);
    if (!(await iceServers)) return result('server', 'bad');
    return result('server', roundTrip > SLOW_SERVER_MS ? 'fair' : 'good', roundTrip);
  } catch {
    return result('server', 'bad');
  }
}

async function checkWebSocket(signal: AbortSignal): Promise<CheckResult> {
  try {
    return result('webSocket', 'good', await measureWebSocketOpening(signal));
  } catch {
    return result('webSocket', 'bad');
  }
}

async function checkLocal(signal: AbortSignal): Promise<CheckResult> {
  const gathered = await tryToGather({}, signal, ({ host }) => host !== null);
  return result('local', gathered?.host == null ? 'bad' : 'good');
}

async function checkStun(iceServers: IceServers | null, signal: AbortSignal): Promise<CheckResult> {
  if (!iceServers) return result('stun', 'unknown');
  const stunServers = iceServers.servers.filter((server) => !isRelay(server));
  if (stunServers.length === 0) return result('stun', 'none');
  const configuration = { iceServers: stunServers };
  return stunResult(await tryToGather(configuration, signal, ({ srflx }) => srflx !== null));
}

function stunResult(gathered: Gathered | null): CheckResult {
  if (!gathered) return result('stun', 'bad');
  if (gathered.srflx !== null) return result('stun', 'good', gathered.srflx);
  // Browsers omit a server-reflexive candidate that equals a host candidate.
  const { host, isComplete, isUnreachable } = gathered;
  return result('stun', host !== null && isComplete && !isUnreachable ? 'good' : 'bad');
}

async function checkRelay(
  iceServers: IceServers | null,
  signal: AbortSignal,
): Promise<CheckResult> {
  if (!iceServers) return result('relay', 'unknown');
  const relays = iceServers.servers.filter(isRelay);
  if (relays.length > 0) return measureRelay(relays, signal);
  return iceServers.turnUrls.length > 0
    ? probeRelay(iceServers.turnUrls, signal)
    : result('relay', 'none');
}

async function measureRelay(relays: RTCIceServer[], signal: AbortSignal): Promise<CheckResult> {
  const allocation = tryToGather(
    { iceServers: relays, iceTransportPolicy: 'relay' },
    signal,
    ({ relay }) => relay !== null,
  );
  try {
    return result('relay', 'good', await measureRelayRoundTrip(relays, signal));
  } catch {
    const relay = (await allocation)?.relay ?? null;
    return relay === null ? result('relay', 'bad') : result('relay', 'fair', relay);
  }
}

/** Sends invalid credentials: the relay's error response proves that it is reachable. */
async function probeRelay(urls: string[], signal: AbortSignal): Promise<CheckResult> {
  const gathered = await tryToGather(
    {
      iceServers: [{ urls, username: 'connection-check', credential: 'none' }],
      iceTransportPolicy: 'relay',
    },
    signal,
    ({ relay, answeredAfter }) => relay !== null || answeredAfter !== null,
  );
  const answered = gathered?.relay ?? gathered?.answeredAfter ?? null;
  if (answered !== null) return result('relay', 'good', answered);
  return result('relay', gathered && !reportsServerErrors() ? 'unknown' : 'bad');
}

/** Null where the browser has no WebRTC, or rejects the addresses of the servers. */
function tryToGather(...attempt: Parameters<typeof gather>): Promise<Gathered | null> {
  return gather(...attempt).catch(() => null);
}

function isRelay({ urls }: RTCIceServer): boolean {
  return [urls].flat().some((url) => url.startsWith('turn'));
}

function result(
  kind: CheckKind,
  outcome: CheckOutcome,
  roundTrip: number | null = null,
): CheckResult {
  return { kind, outcome, roundTrip };
}

function within<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
    work.then(resolve, reject);
  });
}
