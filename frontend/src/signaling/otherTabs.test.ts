// Finding another tab in the same appointment.

import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ANSWER_MS, answerTabs } from '../lib/tabs';
import { FakeBroadcastChannel } from '../testing/fakeBroadcastChannel';
import { FakeSignaling } from '../testing/fakeSignaling';
import { announceTab, announceTabUnlessFull, findOtherTab, type TabPresence } from './otherTabs';
import { joinAsAnother, takeSeat } from './seatStorage';

const ann: TabPresence = { name: 'Ann', seat: { participant: 'ann', session: 'token' } };
const bob: TabPresence = { name: 'Bob', seat: { participant: 'bob', session: 'another token' } };

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('BroadcastChannel', FakeBroadcastChannel);
});

async function findWhile(...claims: TabPresence[]): Promise<TabPresence | null> {
  const leave = claims.map((claim) => answerTabs('appointment 42', () => claim));
  const finding = findOtherTab('42');
  await vi.advanceTimersByTimeAsync(ANSWER_MS);
  for (const stop of leave) stop();
  return finding;
}

describe('a new tab', () => {
  it('finds a tab in the appointment', async () => {
    expect(await findWhile(ann)).toEqual(ann);
    expect(await findWhile()).toBeNull();
  });

  it('finds the name and seat of another tab', async () => {
    takeSeat('42', ann.seat);
    const leave = announceTab('42', 'Ann');
    const finding = findOtherTab('42');
    await vi.advanceTimersByTimeAsync(ANSWER_MS);
    expect(await finding).toEqual(ann);
    leave();
  });

  it('ignores a tab that waits for a free seat', async () => {
    const signaling = new FakeSignaling();
    const leave = announceTabUnlessFull(signaling, '42', 'Ann');
    const find = async () => {
      const finding = findOtherTab('42');
      await vi.advanceTimersByTimeAsync(ANSWER_MS);
      return (await finding)?.name;
    };
    expect(await find()).toBe('Ann');
    signaling.emit({ type: 'roomFull', seat: 'taken' });
    expect(await find()).toBeUndefined();
    signaling.join();
    expect(await find()).toBe('Ann');
    leave();
    expect(await find()).toBeUndefined();
  });

  it('of a second participant finds none', async () => {
    joinAsAnother('42');
    expect(await findWhile(ann)).toBeNull();
  });
});

describe('a tab with a seat', () => {
  it('that was reloaded ignores a tab with another seat', async () => {
    takeSeat('42', bob.seat);
    expect(await findWhile(ann)).toBeNull();
  });

  it('that was duplicated finds its original', async () => {
    takeSeat('42', bob.seat);
    const renewed = { name: 'Bob', seat: { participant: 'bob', session: 'a newer token' } };
    expect(await findWhile(ann, renewed)).toEqual(renewed);
  });
});
