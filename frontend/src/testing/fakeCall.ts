// A call that a test holds both ends of: the server's, and those of the network.

import { vi } from 'vitest';
import { Call } from '../rtc/call';
import { LocalMedia } from '../rtc/media';
import type { Participant } from '../signaling/client';
import { FakeSignaling } from '../signaling/fake';
import { FakePeerConnection } from './fakePeerConnection';

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

export async function settle(): Promise<void> {
  // Not 0: a timer that starts another one starts it a millisecond later.
  await vi.advanceTimersByTimeAsync(1);
}

/** The latest connection to the other side. */
export function connection(): FakePeerConnection {
  const latest = FakePeerConnection.made.at(-1);
  if (!latest) throw new Error('no connection was made');
  return latest;
}

/** A call to Bob that is up. */
export async function connectedCall(servers?: FakeSignaling['servers']): Promise<OpenCall> {
  const opened = openCall();
  if (servers) opened.signaling.servers = servers;
  opened.signaling.join({ peer: bob, polite: true });
  await settle();
  opened.signaling.emit({ type: 'description', from: bob.id, name: null, description: answer });
  await settle();
  connection().turn('connected');
  opened.signaling.signals.length = 0;
  return opened;
}
