// The screens in place of a call.

import { act, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { answerTabs } from '../../lib/tabs';
import type { Ending } from '../../rtc/call/callState';
import type { Attempt, Fullness, Refused } from '../../signaling/client';
import type { TabPresence } from '../../signaling/otherTabs';
import { seatStorageFor } from '../../signaling/seatStorage';
import { FakeBroadcastChannel } from '../../testing/fakeBroadcastChannel';
import { EndingScreen } from './EndingScreen';
import { OtherTab } from './OtherTab';
import { RoomFull } from './RoomFull';
import { Unreachable } from './Unreachable';
import { useOtherTab } from './useOtherTab';

interface Circumstances {
  refusal?: Refused;
  lengthMs?: number;
}

function end(ending: Ending, { refusal, lengthMs }: Circumstances = {}): string {
  render(
    <EndingScreen
      ending={ending}
      refusal={refusal ?? null}
      lengthMs={lengthMs ?? null}
      onReopen={vi.fn()}
    >
      back
    </EndingScreen>,
  );
  return screen.getByTestId('ending').textContent ?? '';
}

const name = () => screen.getByTestId('ending').dataset.ending;

describe('an ending', () => {
  it.each([
    [{ phase: 'replaced' }, 'replaced'],
    [{ phase: 'ended', reason: 'left' }, 'left'],
    [{ phase: 'ended', reason: 'refused' }, 'refused'],
  ] as const)('%j is called %s, and its heading has the focus', (ending, expected) => {
    end(ending);
    expect(name()).toBe(expected);
    expect(document.activeElement).toBe(screen.getByRole('heading', { level: 1 }));
    expect(screen.getByTestId('call-state').dataset.state).toBe(ending.phase);
  });

  it('shows the length of a visit after leaving', () => {
    const minutes = 12 * 60_000;
    expect(end({ phase: 'ended', reason: 'left' }, { lengthMs: minutes })).toContain('12 minutes');
  });

  it.each([
    [{ code: 'invalid_field', field: 'appointment_id' }, 'appointment number'],
    [{ code: 'invalid_field', field: 'name' }, 'your name'],
    [{ code: 'origin_not_allowed' }, 'another address'],
    [{ code: 'payload_too_large' }, 'another browser'],
  ] as const)('after the refusal %j mentions the %s', (refusal, words) => {
    const text = end(
      { phase: 'ended', reason: 'refused' },
      { refusal: { type: 'refused', ...refusal } },
    );
    expect(text).toContain(words);
  });
});

describe('a server out of reach', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });

  function show(attempt: Attempt) {
    const onTryNow = vi.fn();
    const view = (shown: Attempt) => (
      <Unreachable attempt={shown} onTryNow={onTryNow}>
        back
      </Unreachable>
    );
    const { rerender } = render(view(attempt));
    return { onTryNow, change: (changed: Attempt) => rerender(view(changed)) };
  }

  it('is retried after a countdown', () => {
    const { change } = show({ obstacle: 'network', nextAt: performance.now() + 3_000 });
    screen.getByText('We try again in 3 seconds.');
    act(() => vi.advanceTimersByTime(2_000));
    screen.getByText('We try again in 1 second.');
    change({ obstacle: 'network', nextAt: null });
    screen.getByText('We are trying…');
  });

  it('is retried at once on request', () => {
    const { onTryNow } = show({ obstacle: 'network', nextAt: performance.now() + 3_000 });
    screen.getByTestId('unreachable').click();
    expect(onTryNow).toHaveBeenCalledOnce();
  });

  it.each([
    ['busy', 'The server is very busy'],
    ['restarting', 'The server is being restarted'],
  ] as const)('because it is %s says so instead of blaming the network', (obstacle, title) => {
    show({ obstacle, nextAt: null });
    screen.getByRole('heading', { name: title });
    expect(screen.queryByText(/VPN/)).toBeNull();
  });
});

describe('a room without a free seat', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });

  const held = 'Your earlier connection still holds this seat';
  const taken = 'Two people are in this appointment';

  function show(seat: Fullness, seconds: number | null) {
    const onTryNow = vi.fn();
    const view = (which: Fullness, within: number | null) => {
      const nextAt = within === null ? null : performance.now() + within * 1_000;
      return (
        <RoomFull
          appointmentId="42"
          seat={which}
          attempt={{ obstacle: 'full', nextAt }}
          onTryNow={onTryNow}
        >
          back
        </RoomFull>
      );
    };
    const { rerender } = render(view(seat, seconds));
    const change = (which: Fullness, within: number | null) => rerender(view(which, within));
    return { onTryNow, change };
  }

  const heading = () => screen.getByRole('heading', { level: 1 });
  const shown = () => screen.getByRole('timer').textContent;
  const told = () => screen.getByRole('status').textContent;
  const pass = (seconds: number) => act(() => vi.advanceTimersByTime(seconds * 1_000));

  it('that is held for a lease shows a countdown to its end', () => {
    show('held', 30);
    expect(heading().textContent).toBe(held);
    expect(document.activeElement).toBe(heading());
    expect(name()).toBe('seat-held');
    expect(shown()).toBe('You join in 30 seconds');
    pass(29);
    expect(shown()).toBe('You join in 1 second');
  });

  it('announces the seconds twice: at first, and 10 s before the end', () => {
    show('held', 30);
    const news = new Set<string | null>();
    for (let second = 0; second < 30; second += 1) {
      news.add(told());
      pass(1);
    }
    expect([...news]).toEqual(['You join in 30 seconds', 'You join in 10 seconds']);
  });

  it('whose holders are connected is retried every few seconds without announcements', () => {
    const { change } = show('taken', 5);
    expect(heading().textContent).toBe(taken);
    expect(name()).toBe('full');
    expect(shown()).toBe('We try again in 5 seconds.');
    pass(5);
    change('taken', null);
    expect(shown()).toBe('We are trying…');
    change('taken', 5);
    expect(told()).toBe('');
  });

  it('announces a changed reason, and keeps the focus', () => {
    const { change } = show('taken', 5);
    screen.getByTestId('try-now-button').focus();
    change('held', 30);
    expect(heading().textContent).toBe(held);
    expect(told()).toBe(`${held}. You join in 30 seconds`);
    change('taken', 5);
    expect(told()).toBe(taken);
    expect(document.activeElement).toBe(screen.getByTestId('try-now-button'));
  });

  it('is retried at once on request', () => {
    const { onTryNow } = show('held', 30);
    screen.getByTestId('try-now-button').click();
    expect(onTryNow).toHaveBeenCalledOnce();
  });

  it('has no countdown while the connection is lost', () => {
    render(
      <RoomFull
        appointmentId="42"
        seat="held"
        attempt={{ obstacle: 'network', nextAt: performance.now() + 2_000 }}
        onTryNow={vi.fn()}
      >
        back
      </RoomFull>,
    );
    expect(shown()).toBe('We try again in 2 seconds.');
    expect(screen.queryByTestId('seat-countdown')).toBeNull();
  });
});

describe('another tab in the same appointment', () => {
  const seat = { participant: 'ann', session: 'token' };
  const mine = () => seatStorageFor('42', 'Ann').read();

  beforeEach(() => {
    vi.stubGlobal('BroadcastChannel', FakeBroadcastChannel);
  });

  function Entry() {
    const otherTab = useOtherTab('42');
    if (otherTab.phase === 'elsewhere') return <OtherTab otherTab={otherTab} />;
    return otherTab.phase === 'clear' ? `joins as ${otherTab.name ?? 'anyone'}` : null;
  }

  /** Opens the appointment while another tab is in it. */
  async function openInSecondTab(): Promise<void> {
    const leave = answerTabs<TabPresence>('appointment 42', () => ({ name: 'Ann', seat }));
    render(<Entry />);
    await screen.findByTestId('other-tab');
    leave();
  }

  it('is reported, and gives its seat up on request', async () => {
    await openInSecondTab();
    screen.getByText(/you are called Ann/);
    expect(mine()).toBeNull();
    await userEvent.click(screen.getByTestId('use-this-tab-button'));
    screen.getByText('joins as Ann');
    expect(mine()).toEqual(seat);
  });

  it('keeps its seat when a second participant joins', async () => {
    await openInSecondTab();
    await userEvent.click(screen.getByTestId('join-as-another-button'));
    screen.getByText('joins as');
    expect(mine()).toBeNull();
  });

  it('is not reported when there is none', async () => {
    render(<Entry />);
    await screen.findByText('joins as anyone');
  });
});
