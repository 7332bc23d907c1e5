// Remote audio that the browser blocks at first.

import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';
import { fakeStream } from '../../testing/fakeMedia';
import { RemoteAudio } from './RemoteAudio';

it('plays after a tap where the browser requires one', async () => {
  const play = vi.spyOn(HTMLMediaElement.prototype, 'play');
  play.mockRejectedValueOnce(new DOMException('', 'NotAllowedError'));
  render(<RemoteAudio stream={fakeStream()} name="Bob" speaker="" />);
  await userEvent.click(await screen.findByRole('button', { name: 'Tap to hear Bob' }));
  expect(play).toHaveBeenCalledTimes(2);
  expect(screen.queryByRole('button')).toBeNull();
});
