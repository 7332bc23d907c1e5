// Two peer connections whose signals are delivered by the test.

import { vi } from 'vitest';
import { PeerConnection } from '../rtc/connection/peerConnection';
import type { LocalTracks } from '../rtc/connection/transceivers';
import type { Signal } from '../signaling/client';
import { fakeStream } from './fakeMedia';
import { FakePeerConnection } from './fakePeerConnection';

export const [oldServers, newServers] = [[{ urls: 'stun:old' }], [{ urls: 'stun:new' }]];

export function localTracks(stream = fakeStream()): LocalTracks {
  const [audio = null, video = null] = stream.getTracks();
  return { stream, audio, video };
}

export const status = { microphone: true, camera: true, screen: false, videoPaused: false };

/** A peer connection, its RTCPeerConnection, and the signals that it wants to send. */
export function openPeer({ polite = false } = {}) {
  const signals: Signal[] = [];
  const onReplaced = vi.fn();
  const fresh = vi.fn(async () => newServers);
  const peer = new PeerConnection({
    polite,
    iceServers: { current: oldServers, fresh },
    onSignal: (signal) => signals.push(signal),
    onChange: () => {},
    onReplaced,
  });
  const connection = latestConnection();
  return { peer, connection, signals, onReplaced, fresh };
}

export function latestConnection(): FakePeerConnection {
  const connection = FakePeerConnection.made.at(-1);
  if (!connection) throw new Error('no connection was made');
  return connection;
}

export type Side = ReturnType<typeof openPeer>;

export async function flushTasks(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
}

/** Delivers the signals of both sides until there are none left. */
export async function exchange(a: Side, b: Side): Promise<void> {
  await flushTasks();
  while (a.signals.length + b.signals.length > 0) {
    const [fromA, fromB] = [a.signals.splice(0), b.signals.splice(0)];
    for (const signal of fromA) b.peer.receive(signal);
    for (const signal of fromB) a.peer.receive(signal);
    await flushTasks();
  }
}

export async function connectedPair() {
  const [impolite, polite] = [openPeer(), openPeer({ polite: true })];
  impolite.peer.offer();
  await exchange(impolite, polite);
  for (const { connection } of [impolite, polite]) connection.setState('connected');
  return { impolite, polite };
}
