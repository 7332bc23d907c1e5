// What the check says of networks of all kinds.

import { beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeIceConnection, type FakeNetwork, SEATED } from '../testing/fakeIce';
import { CHECK_LIMIT_MS, type CheckLine, checkConnection, verdictOf } from './connectionCheck';

const stun: RTCIceServer = { urls: 'stun:one.test' };
const turnUrls = ['turn:two.test'];
const relay: RTCIceServer = { urls: turnUrls, username: SEATED, credential: 'secret' };
const proof = { appointmentId: '42', session: 'a session' };

/** Whether the server answers at all, and whether WebSockets get through. */
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
  FakeIceConnection.tellErrors(true);
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
  const lines: CheckLine[] = [];
  const { signal } = new AbortController();
  const checking = checkConnection({ proof: seat, signal, onLine: (line) => lines.push(line) });
  await vi.advanceTimersByTimeAsync(CHECK_LIMIT_MS);
  const verdict = await checking;
  const outcomes = Object.fromEntries(lines.map(({ kind, outcome }) => [kind, outcome]));
  return { verdict, outcomes, lines };
}

describe('the check', () => {
  it('is content where everything answers, and tells how fast', async () => {
    const { verdict, outcomes, lines } = await check();
    expect(verdict).toBe('good');
    expect(outcomes).toEqual({
      server: 'good',
      webSocket: 'good',
      local: 'good',
      stun: 'good',
      relay: 'good',
    });
    const roundTrip = Object.fromEntries(lines.map((line) => [line.kind, line.roundTrip]));
    expect(roundTrip).toMatchObject({ webSocket: 30, stun: 10, relay: 10 });
  });

  it.each([
    ['relay', 'unreachable', { turn: 'unreachable' }, 'bad', 'doubtful'],
    ['relay', 'silent', { turn: 'silent' }, 'bad', 'doubtful'],
    ['stun', 'unreachable', { stun: 'unreachable' }, 'bad', 'good'],
    ['stun', 'silent', { stun: 'silent' }, 'bad', 'good'],
    ['local', 'gone', { hasAddress: false, stun: 'silent' }, 'bad', 'bad'],
  ] as const)('notices that %s is %s', async (kind, _, network, outcome, expected) => {
    const { verdict, outcomes } = await check(network);
    expect(outcomes[kind]).toBe(outcome);
    expect(verdict).toBe(expected);
  });

  it('says what the server has not set up', async () => {
    Object.assign(server, { iceServers: [], turnUrls: [] });
    const { verdict, outcomes } = await check();
    expect(outcomes).toMatchObject({ stun: 'none', relay: 'none', local: 'good' });
    expect(verdict).toBe('doubtful');
  });

  it('sees no hope where neither a direct way nor a relay is there', async () => {
    const { verdict } = await check({ stun: 'silent', turn: 'silent' });
    expect(verdict).toBe('bad');
  });

  it('goes through the relay for whoever has a seat', async () => {
    const { outcomes, lines } = await check({}, proof);
    expect(outcomes.relay).toBe('good');
    expect(lines.find(({ kind }) => kind === 'relay')?.roundTrip).toBe(20);
    expect(requests).toContain('/api/v1/ice-servers?appointment_id=42');
  });

  it('tells a relay that answers from one that lets something through', async () => {
    const { verdict, outcomes } = await check({ relays: false }, proof);
    expect(outcomes.relay).toBe('fair');
    expect(verdict).toBe('doubtful');
  });

  it('does not guess where the browser does not tell what a relay answered', async () => {
    FakeIceConnection.tellErrors(false);
    expect((await check({ turn: 'unreachable' })).outcomes.relay).toBe('unknown');
  });

  it('notices a server that is away', async () => {
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

  it('notices a WebSocket that stays silent, and still thinks well of the call', async () => {
    server.takesSockets = false;
    const { verdict, outcomes } = await check();
    expect(outcomes.webSocket).toBe('bad');
    expect(verdict).toBe('good');
  });

  it('closes everything, also when it is stopped', async () => {
    FakeIceConnection.network = { hasAddress: true, stun: 'silent', turn: 'silent', relays: false };
    server.takesSockets = false;
    const ending = new AbortController();
    const onLine = vi.fn();
    const checking = checkConnection({ proof, signal: ending.signal, onLine });
    const stopped = expect(checking).rejects.toThrow();
    await vi.advanceTimersByTimeAsync(100);
    onLine.mockClear();
    ending.abort();
    await stopped;
    expect(onLine).not.toHaveBeenCalled();
    expect(FakeIceConnection.made.length).toBeGreaterThan(2);
    expect(FakeIceConnection.made.every(({ isClosed }) => isClosed)).toBe(true);
    expect(FakeSocket.open).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('the verdict', () => {
  const line = (kind: CheckLine['kind'], outcome: CheckLine['outcome']): CheckLine => ({
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
  ] as const)(
    'of a direct way that is %s and a relay that is %s is %s',
    (direct, relayed, verdict) => {
      const lines = [line('server', 'good'), line('local', 'good')];
      expect(verdictOf([...lines, line('stun', direct), line('relay', relayed)])).toBe(verdict);
    },
  );
});
