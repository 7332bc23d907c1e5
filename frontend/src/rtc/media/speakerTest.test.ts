// Output of the test sound.

import { beforeEach, expect, it, vi } from 'vitest';
import { FakeAudioContext } from '../../testing/fakeAudio';
import { playTestSound } from './speakerTest';

beforeEach(() => {
  vi.useFakeTimers();
});

const context = () => FakeAudioContext.made[0];

it.each(['', 'quiet'])('plays on the output “%s” and releases it afterwards', async (speaker) => {
  const playing = playTestSound(speaker);
  await vi.advanceTimersByTimeAsync(100);
  expect(context()).toMatchObject({ sinkId: speaker, state: 'running' });
  await vi.runAllTimersAsync();
  await playing;
  expect(context()?.state).toBe('closed');
});

it('rejects on a missing output and releases it', async () => {
  await expect(playTestSound('broken')).rejects.toThrow();
  expect(context()?.state).toBe('closed');
});
