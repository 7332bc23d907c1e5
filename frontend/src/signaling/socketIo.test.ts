// The Socket.IO client against a fake socket.

import { beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeSocket } from '../testing/fakeSocket';
import type { SignalingEvent } from './client';
import type { JoinedSuccessfully } from './messages';
import type { Seat, SeatStorage } from './seatStorage';
import type { SignalingSocket } from './serverConnection';
import { SocketIoSignaling } from './socketIo';

beforeEach(() => {
  vi.useFakeTimers();
});

function memorySeat(session: string | null = null): SeatStorage {
  let kept: Seat | null = session === null ? null : { participant: 'ann', session };
  return {
    read: () => kept,
    write: (written) => {
      kept = written;
    },
    leave: () => () => {
      kept = null;
    },
  };
}

function start(seat = memorySeat()) {
  const socket = new FakeSocket();
  const appointment = { appointmentId: '42', name: 'Ann' };
  const signaling = new SocketIoSignaling(socket as unknown as SignalingSocket, appointment, seat);
  const events: SignalingEvent[] = [];
  signaling.subscribe((event) => events.push(event));
  return { socket, signaling, seat, events };
}

const joined: JoinedSuccessfully = {
  message: 'Joined Successfully',
  remoteSocket: 'bob',
  opponent_name: 'Bob',
  chats: [],
  chats_available: true,
  participant: 'ann',
  session: 'token',
  resumed: false,
  polite: true,
  peer_connected: true,
  iceServers: [],
  iceServersTtl: null,
  turnUrls: [],
  limits: { event_bytes: 131_072 },
  seq: 10,
};

function join(socket: FakeSocket, overrides: Partial<JoinedSuccessfully> = {}): void {
  socket.open();
  socket.receive('joined_successfully', { ...joined, ...overrides });
}

const resumed = (seq: number) => ['peer_resumed', { remoteSocket: 'bob', seq }] as const;

describe('joining', () => {
  it('happens on every connection, with the session token and the last sequence number', () => {
    const { socket } = start();
    join(socket);
    socket.receive(...resumed(11));
    socket.drop();
    socket.open();
    expect(socket.emitted).toEqual([
      ['join_room', { appointment_id: '42', name: 'Ann', session: null }],
      ['join_room', { appointment_id: '42', name: 'Ann', session: 'token', received: 11 }],
    ]);
  });

  it('of a reloaded page sends the session token without a sequence number', () => {
    const { socket } = start(memorySeat('kept'));
    socket.open();
    expect(socket.emitted).toEqual([
      ['join_room', { appointment_id: '42', name: 'Ann', session: 'kept' }],
    ]);
  });

  it('reports the other participant', () => {
    const { socket, events } = start();
    join(socket);
    const peer = { id: 'bob', name: 'Bob', connected: true };
    expect(events).toMatchObject([{ type: 'joined', joined: { peer, polite: true } }]);
  });

  it('reports the ICE servers, if there are any', () => {
    const { socket, events } = start();
    const iceServers = [{ urls: ['stun:stun.test'] }];
    join(socket, { iceServers, iceServersTtl: 60, turnUrls: [] });
    join(socket);
    const told = events.map((event) => event.type === 'joined' && event.joined.iceServers);
    expect(told).toEqual([
      { servers: iceServers, expiresAt: performance.now() + 60_000, turnUrls: [] },
      { servers: [], expiresAt: null, turnUrls: [] },
    ]);
  });

  it('is retried when the server is busy, which is reported', async () => {
    const { socket, signaling, events } = start();
    socket.answers.join_room = { success: false, error: { code: 'unavailable' } };
    socket.open();
    await vi.advanceTimersByTimeAsync(0);
    expect(signaling.attempt.get().obstacle).toBe('busy');
    await vi.advanceTimersByTimeAsync(1_500);
    expect(socket.emitted).toHaveLength(2);
    expect(events).toEqual([]);
  });

  it('that is refused is reported, with the invalid field', async () => {
    const { socket, events } = start();
    const error = { code: 'invalid_field', field: 'name' };
    socket.answers.join_room = { success: false, error };
    socket.open();
    await vi.advanceTimersByTimeAsync(0);
    expect(events).toEqual([{ type: 'refused', ...error }]);
  });
});

describe('a room without a free seat', () => {
  const refuse = (socket: FakeSocket, retry_after_ms?: number) => {
    const error = {
      code: 'room_full',
      ...(retry_after_ms === undefined ? {} : { retry_after_ms }),
    };
    socket.answers.join_room = { success: false, error };
  };
  const joins = (socket: FakeSocket) => socket.emitted.length;

  it('is joined again when the lease ends, and not before', async () => {
    const { socket, signaling, events } = start();
    refuse(socket, 12_000);
    socket.open();
    await vi.advanceTimersByTimeAsync(0);
    expect(events).toEqual([{ type: 'roomFull', seat: 'held' }]);
    const nextAt = performance.now() + 12_000;
    expect(signaling.attempt.get()).toEqual({ obstacle: 'full', nextAt });
    await vi.advanceTimersByTimeAsync(11_999);
    expect(joins(socket)).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(joins(socket)).toBe(2);
  });

  it('is joined again every 5 s while all its holders are connected', async () => {
    const { socket, events } = start();
    refuse(socket);
    socket.open();
    await vi.advanceTimersByTimeAsync(4_999);
    expect(joins(socket)).toBe(1);
    await vi.advanceTimersByTimeAsync(10_001);
    expect(joins(socket)).toBe(4);
    expect(events).toEqual(Array.from({ length: 4 }, () => ({ type: 'roomFull', seat: 'taken' })));
  });

  it('is joined again at once on request', async () => {
    const { socket, signaling } = start();
    refuse(socket, 30_000);
    socket.open();
    await vi.advanceTimersByTimeAsync(0);
    signaling.retryNow();
    expect(joins(socket)).toBe(2);
  });

  it('is joined as soon as a seat is free, and not again', async () => {
    const { socket, signaling, events } = start();
    refuse(socket);
    socket.open();
    await vi.advanceTimersByTimeAsync(0);
    delete socket.answers.join_room;
    await vi.advanceTimersByTimeAsync(5_000);
    socket.receive('joined_successfully', joined);
    expect(events.at(-1)?.type).toBe('joined');
    expect(signaling.attempt.get()).toEqual({ obstacle: null, nextAt: null });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(joins(socket)).toBe(2);
  });

  it('is joined over the next connection when the current one is lost', async () => {
    const { socket, signaling } = start();
    refuse(socket, 30_000);
    socket.open();
    await vi.advanceTimersByTimeAsync(0);
    socket.drop();
    expect(signaling.attempt.get().obstacle).toBe('network');
    await vi.advanceTimersByTimeAsync(300);
    expect(socket.connect).toHaveBeenCalledOnce();
    socket.open();
    await vi.advanceTimersByTimeAsync(0);
    expect(joins(socket)).toBe(2);
    expect(signaling.attempt.get().obstacle).toBe('full');
  });

  it('is not joined again after leaving', async () => {
    const { socket, signaling } = start();
    refuse(socket);
    socket.open();
    await vi.advanceTimersByTimeAsync(0);
    signaling.disconnect();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(joins(socket)).toBe(1);
    expect(socket.disconnect).not.toHaveBeenCalled();
  });
});

describe('ICE servers', () => {
  it('are requested with the session token', async () => {
    const { socket, signaling } = start();
    join(socket);
    const answer = { iceServers: [{ urls: ['stun:stun.test'] }], ttl: null, turnUrls: [] };
    const fetch = vi.fn(async () => Response.json(answer));
    vi.stubGlobal('fetch', fetch);
    expect((await signaling.iceServers()).servers).toEqual(answer.iceServers);
    expect(fetch).toHaveBeenCalledExactlyOnceWith(
      '/api/v1/ice-servers?appointment_id=42',
      expect.objectContaining({ headers: { Authorization: 'Bearer token' } }),
    );
  });
});

describe('numbered events', () => {
  it('are emitted once', () => {
    const { socket, events } = start();
    join(socket);
    for (const seq of [9, 10, 11, 11, 12]) socket.receive(...resumed(seq));
    expect(events.filter(({ type }) => type === 'peerResumed')).toHaveLength(2);
  });

  it('continue from the last handled sequence number when resumed', () => {
    const { socket, events } = start();
    join(socket);
    socket.receive(...resumed(11));
    socket.drop();
    join(socket, { resumed: true, seq: 13 });
    for (const seq of [11, 12, 13]) socket.receive(...resumed(seq));
    expect(events.filter(({ type }) => type === 'peerResumed')).toHaveLength(3);
  });

  it('restart their sequence numbers after a server restart', () => {
    const { socket, events } = start();
    join(socket);
    socket.drop();
    join(socket, { resumed: false, seq: 0 });
    socket.receive(...resumed(1));
    expect(events.at(-1)).toEqual({ type: 'peerResumed', id: 'bob' });
  });
});

describe('candidates', () => {
  const candidate = { candidate: 'candidate:1', sdpMid: '0' };

  it.each([
    ['as documented', { candidate, seq: 11 }, candidate],
    ['bare', candidate, candidate],
    ['null', { candidate: null, seq: 11 }, null],
  ])('are accepted %s', (_form, payload, expected) => {
    const { socket, events } = start();
    join(socket);
    socket.receive('ice_candidate', payload);
    expect(events.at(-1)).toEqual({ type: 'candidate', candidate: expected });
  });
});

describe('sending', () => {
  it.each([
    ['offer', 'send_offer', 'offer'],
    ['answer', 'send_answer', 'answer'],
  ] as const)('puts an %s into %s', async (type, event, field) => {
    const { socket, signaling } = start();
    join(socket);
    const description = { type, sdp: 'v=0' };
    await signaling.signal('bob', { kind: 'description', description });
    const payload = { appointment_id: '42', [field]: description, remoteSocketId: 'bob' };
    expect(socket.emitted.at(-1)).toEqual([event, payload]);
  });

  it('reports a refusal', async () => {
    const { socket, signaling } = start();
    join(socket);
    socket.answers.send_message = { success: false, error: { code: 'chats_full' } };
    const sending = signaling.sendMessage({ id: '1', body: 'hello' });
    await expect(sending).rejects.toMatchObject({ code: 'chats_full', delivered: false });
  });

  it('reports a message that was delivered and not stored', async () => {
    const { socket, signaling } = start();
    join(socket);
    const error = { code: 'chats_full' };
    socket.answers.send_message = { success: false, delivered: true, error };
    const sending = signaling.sendMessage({ id: '1', body: 'hello' });
    await expect(sending).rejects.toMatchObject({ code: 'chats_full', delivered: true });
  });

  it('fails at once while disconnected, instead of overtaking the join', async () => {
    const { socket, signaling } = start();
    const signal = { kind: 'candidate', candidate: null } as const;
    await expect(signaling.signal('bob', signal)).rejects.toMatchObject({ code: 'disconnected' });
    expect(socket.emitted).toEqual([]);
  });
});

describe('the connection', () => {
  it('is final once it was replaced', () => {
    const { socket, signaling, events } = start();
    join(socket);
    socket.receive('replaced', { message: 'replaced' });
    vi.runOnlyPendingTimers();
    signaling.connect();
    expect(events.at(-1)).toEqual({ type: 'replaced' });
    expect(socket.connect).not.toHaveBeenCalled();
  });

  it.each([
    ['was lost', (socket: FakeSocket) => socket.drop()],
    [
      'does not answer',
      (socket: FakeSocket) => Object.assign(socket.answers, { leave_room: null }),
    ],
  ])('that %s on leaving may leave the seat held, and keeps its proof', async (_, ail) => {
    const { socket, signaling, seat } = start();
    join(socket);
    ail(socket);
    const leaving = signaling.leave();
    await vi.advanceTimersByTimeAsync(1_000);
    await leaving;
    expect(seat.read()?.session).toBe('token');
  });

  it('frees the seat and its proof on leaving when the server no longer holds it', async () => {
    const { socket, signaling, seat } = start();
    join(socket);
    socket.answers.leave_room = { success: false, error: { code: 'not_joined' } };
    await signaling.leave();
    expect(seat.read()).toBeNull();
  });

  it('ends with leaving, and the seat is forgotten', async () => {
    const { socket, signaling, seat } = start();
    join(socket);
    await signaling.leave();
    expect(socket.emitted.at(-1)?.[0]).toBe('leave_room');
    expect(socket.disconnect).toHaveBeenCalled();
    expect(seat.read()).toBeNull();
  });

  it('ends without a DISCONNECT packet otherwise, and the seat is kept', () => {
    const { socket, signaling, seat } = start();
    join(socket);
    signaling.disconnect();
    expect(socket.engine.close).toHaveBeenCalled();
    expect(socket.disconnect).not.toHaveBeenCalled();
    expect(seat.read()).toEqual({ participant: 'ann', session: 'token' });
  });
});
