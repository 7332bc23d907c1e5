// The connection check on fake networks.

import { beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeIceConnection, type FakeNetwork, SEATED } from '../../testing/fakeIce';
import { CHECK_LIMIT_MS, type CheckResult, checkConnection, verdictOf } from './connectionCheck';

const stun: RTCIceServer = { urls: 'stun:one.test' };
const turnUrls = ['turn:two.test'];
const relay: RTCIceServer = { urls: turnUrls, username: SEATED, credential: 'secret' };
const proof = { appointmentId: '42', session: 'a session' };

/** The fake server's reachability and ICE servers. */
const server = { isUp: true, takesSockets: true, iceServers: [stun], turnUrls };
let requests: string[];

class FakeSocket extends EventTarget {
  static open = 0;
  constructor() {
    super();
    FakeSocket.open += 1;
    if (server.takesSockets) setTimeout(() => this.dispatchEvent(new Event('message')), 30);
  }
  close(): void {
    FakeSocket.open -= 1;
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  Object.assign(server, { isUp: true, takesSockets: true, iceServers: [stun], turnUrls });
  requests = [];
  FakeSocket.open = 0;
  FakeIceConnection.made = [];
  FakeIceConnection.reportErrors(true);
  vi.stubGlobal('RTCPeerConnection', FakeIceConnection);
  vi.stubGlobal('WebSocket', FakeSocket);
  vi.stubGlobal('fetch', async (path: string, { signal }: RequestInit) => {
    requests.push(path);
    signal?.throwIfAborted();
    if (!server.isUp) throw new TypeError();
    const isSeated = path.includes('appointment_id');
    const iceServers = isSeated ? [...server.iceServers, relay] : server.iceServers;
    return Response.json({ iceServers, ttl: null, turnUrls: server.turnUrls });
  });
});

async function check(network: Partial<FakeNetwork> = {}, seat?: typeof proof) {
  FakeIceConnection.network = {
    hasAddress: true,
    stun: 'answers',
    turn: 'answers',
    relays: true,
    ...network,
  };
  const results: CheckResult[] = [];
  const { signal } = new AbortController();
  const checking = checkConnection({
    proof: seat,
    signal,
    onResult: (result) => results.push(result),
  });
  await vi.advanceTimersByTimeAsync(CHECK_LIMIT_MS);
  const verdict = await checking;
  const outcomes = Object.fromEntries(results.map(({ kind, outcome }) => [kind, outcome]));
  return { verdict, outcomes, results };
}

describe('the check', () => {
  it('is good when everything answers, and reports round trip times', async () => {
    const { verdict, outcomes, results } = await check();
    expect(verdict).toBe('good');
    expect(outcomes).toEqual({
      server: 'good',
      webSocket: 'good',
      local: 'good',
      stun: 'good',
      relay: 'good',
    });
    const roundTrip = Object.fromEntries(results.map(({ kind, roundTrip }) => [kind, roundTrip]));
    expect(roundTrip).toMatchObject({ webSocket: 30, stun: 10, relay: 10 });
  });

  it.each([
    ['relay', 'unreachable', { turn: 'unreachable' }, 'bad', 'doubtful'],
    ['relay', 'silent', { turn: 'silent' }, 'bad', 'doubtful'],
    ['stun', 'unreachable', { stun: 'unreachable' }, 'bad', 'good'],
    ['stun', 'silent', { stun: 'silent' }, 'bad', 'good'],
    ['local', 'gone', { hasAddress: false, stun: 'silent' }, 'bad', 'bad'],
  ] as const)('reports that %s is %s', async (kind, _, network, outcome, expected) => {
    const { verdict, outcomes } = await check(network);
    expect(outcomes[kind]).toBe(outcome);
    expect(verdict).toBe(expected);
  });

  it('reports ICE servers that are not configured', async () => {
    Object.assign(server, { iceServers: [], turnUrls: [] });
    const { verdict, outcomes } = await check();
    expect(outcomes).toMatchObject({ stun: 'none', relay: 'none', local: 'good' });
    expect(verdict).toBe('doubtful');
  });

  it('is bad without a direct path and without a relay', async () => {
    const { verdict } = await check({ stun: 'silent', turn: 'silent' });
    expect(verdict).toBe('bad');
  });

  it('sends data through the relay for a participant with a seat', async () => {
    const { outcomes, results } = await check({}, proof);
    expect(outcomes.relay).toBe('good');
    expect(results.find(({ kind }) => kind === 'relay')?.roundTrip).toBe(20);
    expect(requests).toContain('/api/v1/ice-servers?appointment_id=42');
  });

  it('distinguishes a relay that answers from one that relays', async () => {
    const { verdict, outcomes } = await check({ relays: false }, proof);
    expect(outcomes.relay).toBe('fair');
    expect(verdict).toBe('doubtful');
  });

  it('reports an unknown relay where the browser hides server errors', async () => {
    FakeIceConnection.reportErrors(false);
    expect((await check({ turn: 'unreachable' })).outcomes.relay).toBe('unknown');
  });

  it('reports an unreachable server', async () => {
    server.isUp = false;
    const { verdict, outcomes } = await check();
    expect(outcomes).toMatchObject({
      server: 'bad',
      local: 'good',
      stun: 'unknown',
      relay: 'unknown',
    });
    expect(verdict).toBe('bad');
  });

  it('reports a silent WebSocket with a good verdict', async () => {
    server.takesSockets = false;
    const { verdict, outcomes } = await check();
    expect(outcomes.webSocket).toBe('bad');
    expect(verdict).toBe('good');
  });

  it('closes every connection and timer when aborted', async () => {
    FakeIceConnection.network = { hasAddress: true, stun: 'silent', turn: 'silent', relays: false };
    server.takesSockets = false;
    const ending = new AbortController();
    const onResult = vi.fn();
    const checking = checkConnection({ proof, signal: ending.signal, onResult });
    const stopped = expect(checking).rejects.toThrow();
    await vi.advanceTimersByTimeAsync(100);
    onResult.mockClear();
    ending.abort();
    await stopped;
    expect(onResult).not.toHaveBeenCalled();
    expect(FakeIceConnection.made.length).toBeGreaterThan(2);
    expect(FakeIceConnection.made.every(({ isClosed }) => isClosed)).toBe(true);
    expect(FakeSocket.open).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('the verdict', () => {
  const result = (kind: CheckResult['kind'], outcome: CheckResult['outcome']): CheckResult => ({
    kind,
    outcome,
    roundTrip: null,
  });

  it.each([
    ['good', 'good', 'good'],
    ['bad', 'good', 'good'],
    ['good', 'fair', 'doubtful'],
    ['bad', 'fair', 'doubtful'],
    ['good', 'none', 'doubtful'],
    ['bad', 'none', 'bad'],
    ['good', 'unknown', 'doubtful'],
    ['bad', 'bad', 'bad'],
  ] as const)('of a %s direct path and a %s relay is %s', (direct, relayed, verdict) => {
    const results = [result('server', 'good'), result('local', 'good')];
    expect(verdictOf([...results, result('stun', direct), result('relay', relayed)])).toBe(verdict);
  });
});
