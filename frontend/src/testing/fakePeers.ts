// Two peers that negotiate over a wire which the test holds in its hands.

import { vi } from 'vitest';
import type { Outgoing } from '../rtc/mediaLines';
import { Peer } from '../rtc/peer';
import type { Signal } from '../signaling/client';
import { fakeStream } from './fakeMedia';
import { FakePeerConnection } from './fakePeerConnection';

export const [oldServers, newServers] = [[{ urls: 'stun:old' }], [{ urls: 'stun:new' }]];

export function outgoing(stream = fakeStream()): Outgoing {
  const [audio = null, video = null] = stream.getTracks();
  return { stream, audio, video };
}

export const status = { microphone: true, camera: true, screen: false, videoPaused: false };

/** A peer, its connection, and what it wants to say. */
export function openPeer({ polite = false } = {}) {
  const said: Signal[] = [];
  const onRenewed = vi.fn();
  const fresh = vi.fn(async () => newServers);
  const peer = new Peer({
    polite,
    iceServers: { current: oldServers, fresh },
    onSignal: (signal) => said.push(signal),
    onChange: () => {},
    onRenewed,
  });
  const connection = latestConnection();
  return { peer, connection, said, onRenewed, fresh };
}

export function latestConnection(): FakePeerConnection {
  const connection = FakePeerConnection.made.at(-1);
  if (!connection) throw new Error('no connection was made');
  return connection;
}

export type Side = ReturnType<typeof openPeer>;

export async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
}

/** Delivers both ways until nobody has anything left to say. */
export async function exchange(a: Side, b: Side): Promise<void> {
  await settle();
  while (a.said.length + b.said.length > 0) {
    const [fromA, fromB] = [a.said.splice(0), b.said.splice(0)];
    for (const signal of fromA) b.peer.receive(signal);
    for (const signal of fromB) a.peer.receive(signal);
    await settle();
  }
}

export async function connectedPair() {
  const [impolite, polite] = [openPeer(), openPeer({ polite: true })];
  impolite.peer.offer();
  await exchange(impolite, polite);
  for (const { connection } of [impolite, polite]) connection.turn('connected');
  return { impolite, polite };
}
