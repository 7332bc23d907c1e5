// The screens in place of a call, as somebody reads them.

import { act, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { sitAt } from '../../lib/tabs';
import type { Ending } from '../../rtc/callState';
import type { Attempt, Refused } from '../../signaling/client';
import type { TabClaim } from '../../signaling/otherTabs';
import { seatStorageFor } from '../../signaling/seatStorage';
import { FakeBroadcastChannel } from '../../testing/fakeBroadcastChannel';
import { EndingScreen } from './EndingScreen';
import { OtherTab } from './OtherTab';
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
    [{ phase: 'full' }, 'full'],
    [{ phase: 'replaced' }, 'replaced'],
    [{ phase: 'ended', reason: 'left' }, 'left'],
    [{ phase: 'ended', reason: 'refused' }, 'refused'],
  ] as const)('%j is called %s, and its heading has the focus', (ending, expected) => {
    end(ending);
    expect(name()).toBe(expected);
    expect(document.activeElement).toBe(screen.getByRole('heading', { level: 1 }));
    expect(screen.getByTestId('call-state').dataset.state).toBe(ending.phase);
  });

  it('tells whoever left how long they were there', () => {
    const minutes = 12 * 60_000;
    expect(end({ phase: 'ended', reason: 'left' }, { lengthMs: minutes })).toContain('12 minutes');
  });

  it.each([
    [{ code: 'invalid_field', field: 'appointment_id' }, 'appointment number'],
    [{ code: 'invalid_field', field: 'name' }, 'your name'],
    [{ code: 'origin_not_allowed' }, 'another address'],
    [{ code: 'payload_too_large' }, 'another browser'],
  ] as const)('after the refusal %j speaks of the %s', (refusal, words) => {
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

  it('is tried again after a while, which is counted down', () => {
    const { change } = show({ obstacle: 'network', nextAt: performance.now() + 3_000 });
    screen.getByText('We try again in 3 seconds.');
    act(() => vi.advanceTimersByTime(2_000));
    screen.getByText('We try again in 1 second.');
    change({ obstacle: 'network', nextAt: null });
    screen.getByText('We are trying…');
  });

  it('is tried at once by whoever does not want to wait', () => {
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

describe('another tab in the same appointment', () => {
  const seat = { participant: 'ann', session: 'token' };
  const mine = () => seatStorageFor('42', 'Ann').read();

  beforeEach(() => {
    vi.stubGlobal('BroadcastChannel', FakeBroadcastChannel);
  });

  function Entrance() {
    const otherTab = useOtherTab('42');
    if (otherTab.phase === 'elsewhere') return <OtherTab otherTab={otherTab} />;
    return otherTab.phase === 'clear' ? `come in, ${otherTab.name ?? 'whoever you are'}` : null;
  }

  /** Opens the appointment while another tab sits in it. */
  async function openBesides(): Promise<void> {
    const leave = sitAt<TabClaim>('appointment 42', () => ({ name: 'Ann', seat }));
    render(<Entrance />);
    await screen.findByTestId('other-tab');
    leave();
  }

  it('is asked about, and gives its seat when told to', async () => {
    await openBesides();
    screen.getByText(/you are called Ann/);
    expect(mine()).toBeNull();
    await userEvent.click(screen.getByTestId('use-this-tab-button'));
    screen.getByText('come in, Ann');
    expect(mine()).toEqual(seat);
  });

  it('keeps its seat when it is somebody else’s', async () => {
    await openBesides();
    await userEvent.click(screen.getByTestId('join-as-another-button'));
    screen.getByText('come in,');
    expect(mine()).toBeNull();
  });

  it('is not asked about when there is none', async () => {
    render(<Entrance />);
    await screen.findByText('come in, whoever you are');
  });
});
