// A call with a fake server and a fake network.

import { vi } from 'vitest';
import { Call } from '../rtc/call/call';
import { LocalMedia } from '../rtc/media/localMedia';
import type { Participant } from '../signaling/client';
import { FakePeerConnection } from './fakePeerConnection';
import { FakeSignaling } from './fakeSignaling';

export const bob: Participant = { id: 'bob', name: 'Bob', connected: true };
export const eve: Participant = { id: 'eve', name: 'Eve', connected: true };
export const offer = { type: 'offer', sdp: 'v=0\r\no=- 900 1 IN IP4 0\r\n' } as const;
export const answer = { type: 'answer', sdp: 'v=0\r\no=- 900 1 IN IP4 0\r\n' } as const;

export function openCall() {
  const signaling = new FakeSignaling();
  const call = new Call({ signaling, media: new LocalMedia() });
  const sentTypes = () => signaling.signals.map(({ signal }) => typeOf(signal));
  return { signaling, call, sentTypes, state: () => call.snapshot.get().state };
}

export type OpenCall = ReturnType<typeof openCall>;

function typeOf(signal: FakeSignaling['signals'][number]['signal']): string | undefined {
  return signal.kind === 'description' ? signal.description.type : 'candidate';
}

export async function flushTasks(): Promise<void> {
  // Not 0: a fake timer started by another one fires a millisecond later.
  await vi.advanceTimersByTimeAsync(1);
}

/** The latest RTCPeerConnection. */
export function connection(): FakePeerConnection {
  const latest = FakePeerConnection.made.at(-1);
  if (!latest) throw new Error('no connection was made');
  return latest;
}

/** A connected call to Bob. */
export async function connectedCall(servers?: FakeSignaling['servers']): Promise<OpenCall> {
  const opened = openCall();
  if (servers) opened.signaling.servers = servers;
  opened.signaling.join({ peer: bob, polite: true });
  await flushTasks();
  opened.signaling.emit({ type: 'description', from: bob.id, name: null, description: answer });
  await flushTasks();
  connection().setState('connected');
  opened.signaling.signals.length = 0;
  return opened;
}
