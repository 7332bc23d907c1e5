// Announcements for users who look elsewhere, or cannot see the page.

import { act, render, screen } from '@testing-library/react';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Call } from '../../rtc/call/call';
import { LocalMedia } from '../../rtc/media/localMedia';
import { bob, connectedCall, connection, flushTasks, openCall } from '../../testing/fakeCall';
import { FakeTrack } from '../../testing/fakeMedia';
import { ArrivalNotice } from './ArrivalNotice';
import { CallAnnouncer } from './CallAnnouncer';
import { chime } from './chime';
import { useCall } from './useCall';

vi.mock('./chime', () => ({ chime: vi.fn(async () => {}) }));

beforeEach(() => {
  vi.useFakeTimers();
  vi.mocked(chime).mockClear();
  media = new LocalMedia();
  document.title = 'the page';
});

let media: LocalMedia;

function Announcements({ call, hasSound = true }: { call: Call; hasSound?: boolean }) {
  const view = useCall(call, media);
  return (
    <>
      <ArrivalNotice call={view} hasSound={hasSound} />
      <CallAnnouncer call={view} />
    </>
  );
}

function lookAway(): void {
  vi.spyOn(document, 'hidden', 'get').mockReturnValue(true);
}

const pass = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms));

describe('an arriving participant', () => {
  it('is announced by a sound, and by the title while the page is hidden', async () => {
    lookAway();
    const { call, signaling } = openCall();
    render(<Announcements call={call} />);
    act(() => signaling.join());
    act(() => signaling.emit({ type: 'peerJoined', peer: bob }));
    expect(document.title).toBe('● Bob is here');
    await pass(1_000);
    expect(document.title).toBe('the page');
    await pass(1_000);
    expect(document.title).toBe('● Bob is here');
    await vi.waitFor(() => expect(chime).toHaveBeenCalledOnce());
    vi.spyOn(document, 'hidden', 'get').mockReturnValue(false);
    act(() => void document.dispatchEvent(new Event('visibilitychange')));
    expect(document.title).toBe('the page');
  });

  it('is silent where the sound is off, and for the second to join', async () => {
    const first = openCall();
    render(<Announcements call={first.call} hasSound={false} />);
    act(() => first.signaling.join());
    act(() => first.signaling.emit({ type: 'peerJoined', peer: bob }));
    const second = openCall();
    render(<Announcements call={second.call} />);
    act(() => second.signaling.join({ peer: bob }));
    await pass(5_000);
    expect(chime).not.toHaveBeenCalled();
  });
});

describe('the other participant', () => {
  const news = () => screen.getByRole('status').textContent;
  const quiet = { camera: true, screen: false, videoPaused: false };

  async function tell(microphone: boolean): Promise<void> {
    const message = JSON.stringify({ type: 'status', ...quiet, microphone });
    await act(async () => connection().channel?.deliver(message));
  }

  it('is announced as muted, once that lasts', async () => {
    const { call } = await connectedCall();
    const track = new FakeTrack('audio');
    connection().dispatchEvent(Object.assign(new Event('track'), { track }));
    render(<Announcements call={call} />);
    await tell(true);
    await pass(2_000);
    expect(news()).toBe('');
    for (const microphone of [false, true, false]) await tell(microphone);
    expect(news()).toBe('');
    await pass(2_000);
    expect(news()).toBe('Bob is muted');
    await tell(true);
    await pass(2_000);
    expect(news()).toBe('Bob can be heard again');
    await flushTasks();
  });
});
