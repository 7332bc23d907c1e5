// A voice that the browser does not let through at once.

import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';
import { fakeStream } from '../../testing/fakeMedia';
import { RemoteSound } from './RemoteSound';

it('is heard after a tap where the browser wants one first', async () => {
  const play = vi.spyOn(HTMLMediaElement.prototype, 'play');
  play.mockRejectedValueOnce(new DOMException('', 'NotAllowedError'));
  render(<RemoteSound stream={fakeStream()} name="Bob" speaker="" />);
  await userEvent.click(await screen.findByRole('button', { name: 'Tap to hear Bob' }));
  expect(play).toHaveBeenCalledTimes(2);
  expect(screen.queryByRole('button')).toBeNull();
});
