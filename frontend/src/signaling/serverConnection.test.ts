// Keeping a connection open, against a fake socket.

import { beforeEach, describe, expect, it, vi } from 'vitest';
import { TICK_MS } from '../lib/wake';
import { FakeSocket } from '../testing/fakeSocket';
import { ServerConnection, type SignalingSocket } from './serverConnection';

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
});

function start() {
  const socket = new FakeSocket();
  const events = { onOpen: vi.fn(), onLost: vi.fn(), onRefused: vi.fn() };
  const connection = new ServerConnection(socket as unknown as SignalingSocket, events);
  connection.open();
  return { socket, events, connection };
}

/** Times of connection attempts, in milliseconds from now. */
function attemptsWithin(socket: FakeSocket, limitMs: number): number[] {
  const start = Date.now();
  const times: number[] = [];
  socket.connect.mockImplementation(() => {
    times.push(Date.now() - start);
    socket.fail();
  });
  vi.advanceTimersByTime(limitMs);
  return times;
}

function show(visibilityState: DocumentVisibilityState): void {
  vi.spyOn(document, 'visibilityState', 'get').mockReturnValue(visibilityState);
  document.dispatchEvent(new Event('visibilitychange'));
}

function comeBackFromCache(): void {
  window.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }));
}

const wakeUps: Array<[what: string, happens: () => void]> = [
  ['the network is back', () => window.dispatchEvent(new Event('online'))],
  ['the page comes into sight', () => show('visible')],
  ['the page comes out of the back-forward cache', comeBackFromCache],
];

describe('a lost connection', () => {
  it('is opened again after a delay that doubles up to a limit', () => {
    const { socket, events } = start();
    socket.open();
    socket.drop();
    expect(events.onLost).toHaveBeenCalledOnce();
    expect(attemptsWithin(socket, 15_000)).toEqual([200, 600, 1_400, 3_000, 6_200, 11_200]);
  });

  it.each([
    [0, 100],
    [1, 300],
  ])('randomises the delay: drawing %i makes it %i ms', (drawn, delay) => {
    vi.mocked(Math.random).mockReturnValue(drawn);
    const { socket } = start();
    socket.drop();
    expect(attemptsWithin(socket, delay)).toEqual([delay]);
  });

  it('reports its obstacle and the next attempt', () => {
    const { socket, connection } = start();
    socket.fail();
    expect(connection.attempt.get()).toEqual({
      obstacle: 'network',
      nextAt: performance.now() + 200,
    });
    connection.reportSuccess();
    expect(connection.attempt.get()).toEqual({ obstacle: null, nextAt: null });
  });

  it.each(wakeUps)('is opened at once when %s', (_what, happens) => {
    const { socket } = start();
    for (let times = 0; times < 9; times += 1) socket.fail();
    socket.connect.mockClear();
    happens();
    expect(socket.connect).toHaveBeenCalledOnce();
  });

  it('is opened at once on request', () => {
    const { socket, connection } = start();
    socket.fail({ code: 'too_many_requests' });
    socket.connect.mockClear();
    connection.retryNow();
    expect(socket.connect).toHaveBeenCalledOnce();
  });

  it('abandons an old attempt when the network is back', () => {
    const { socket } = start();
    vi.advanceTimersByTime(4_000);
    socket.connect.mockClear();
    window.dispatchEvent(new Event('online'));
    expect(socket.disconnect).toHaveBeenCalledOnce();
    expect(socket.connect).toHaveBeenCalledOnce();
  });
});

describe('a server', () => {
  it('that shuts down is given the requested time, even if the page wakes', () => {
    const { socket } = start();
    socket.open();
    socket.receive('shutting_down', { message: 'restarting', retry_after_ms: 3_000 });
    socket.drop('io server disconnect');
    window.dispatchEvent(new Event('online'));
    expect(attemptsWithin(socket, 3_000)).toEqual([3_000]);
  });

  it('that is busy is retried with longer delays', () => {
    const { socket, connection } = start();
    socket.fail({ success: false, code: 'too_many_requests' });
    expect(connection.attempt.get().obstacle).toBe('busy');
    expect(attemptsWithin(socket, 1_000)).toEqual([1_000]);
  });

  it('that refuses the page is not asked again', () => {
    const { socket, events } = start();
    socket.fail({ success: false, code: 'origin_not_allowed' });
    expect(events.onRefused).toHaveBeenCalledExactlyOnceWith('origin_not_allowed');
    expect(attemptsWithin(socket, 60_000)).toEqual([]);
  });
});

describe('an open connection', () => {
  it('is probed after a sleep, and stays open when the server answers', async () => {
    const { socket, events } = start();
    socket.open();
    vi.setSystemTime(Date.now() + 60_000);
    await vi.advanceTimersByTimeAsync(TICK_MS);
    expect(socket.emitted).toEqual([['probe', {}]]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(events.onLost).not.toHaveBeenCalled();
  });

  it('without an answer to a probe is reopened without a DISCONNECT packet', async () => {
    const { socket, events } = start();
    socket.open();
    socket.answers.probe = null;
    socket.connect.mockClear();
    show('visible');
    await vi.advanceTimersByTimeAsync(4_000);
    expect(events.onLost).toHaveBeenCalledOnce();
    expect(socket.disconnect).not.toHaveBeenCalled();
    expect(socket.connect).toHaveBeenCalledOnce();
  });

  it('that received a packet a moment ago is not probed', () => {
    const { socket } = start();
    socket.open();
    socket.reportPacket();
    show('visible');
    expect(socket.emitted).toEqual([]);
  });

  it('is not probed after it was closed', () => {
    const { socket, connection } = start();
    socket.open();
    connection.close();
    socket.drop();
    show('visible');
    window.dispatchEvent(new Event('online'));
    expect(socket.emitted).toEqual([]);
    expect(attemptsWithin(socket, 60_000)).toEqual([]);
  });
});
