// Tabs that answer each other over a fake BroadcastChannel.

import { beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeBroadcastChannel } from '../testing/fakeBroadcastChannel';
import { ANSWER_MS, answerTabs, askOtherTabs } from './tabs';

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('BroadcastChannel', FakeBroadcastChannel);
});

async function ask(place: string): Promise<unknown[]> {
  const asking = askOtherTabs(place);
  await vi.advanceTimersByTimeAsync(ANSWER_MS);
  return asking;
}

describe('a tab', () => {
  it('finds every other tab at the same place, with its current state', async () => {
    let name = 'Ann';
    const leave = [
      answerTabs('room 1', () => ({ name })),
      answerTabs('room 1', () => ({ name: 'Bob' })),
    ];
    name = 'Anna';
    expect(await ask('room 1')).toEqual([{ name: 'Anna' }, { name: 'Bob' }]);
    for (const stop of leave) stop();
  });

  it('finds no tabs at other places', async () => {
    const leave = answerTabs('room 1', () => 'here');
    expect(await ask('room 2')).toEqual([]);
    leave();
  });

  it('that left, was closed or crashed does not answer', async () => {
    const leave = answerTabs('room 1', () => 'here');
    leave();
    expect(await ask('room 1')).toEqual([]);
  });

  it('that only asks does not answer', async () => {
    const [first, second] = [ask('room 1'), ask('room 1')];
    expect(await Promise.all([first, second])).toEqual([[], []]);
  });

  it('finds no tabs where there is no BroadcastChannel', async () => {
    vi.stubGlobal('BroadcastChannel', undefined);
    const leave = answerTabs('room 1', () => 'here');
    await expect(askOtherTabs('room 1')).resolves.toEqual([]);
    leave();
  });

  it('ignores unknown messages', async () => {
    const leave = answerTabs('room 1', () => 'here');
    const stranger = new FakeBroadcastChannel('switchboard room 1');
    for (const odd of [null, 'whoIsHere', { type: 'odd' }]) stranger.postMessage(odd);
    expect(await ask('room 1')).toEqual(['here']);
    stranger.close();
    leave();
  });
});
