// Sharing the link to an appointment.

import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it, vi } from 'vitest';
import { copyText } from '../../lib/clipboard';
import { notice } from '../../lib/notices';
import { InviteLink } from './InviteLink';
import { useInvite } from './useInvite';

vi.mock('../../lib/clipboard');

function Inviting() {
  const { invite, link } = useInvite('version 1/5');
  return (
    <>
      <button type="button" onClick={invite}>
        Invite
      </button>
      <InviteLink link={link} />
    </>
  );
}

async function invite(works: boolean) {
  vi.mocked(copyText).mockReset().mockResolvedValue(works);
  render(<Inviting />);
  await userEvent.click(screen.getByRole('button'));
}

const link = `${window.location.origin}/room/version%201%2F5`;

describe('an invite', () => {
  it('is copied without a name, and confirmed', async () => {
    await invite(true);
    expect(copyText).toHaveBeenCalledExactlyOnceWith(link);
    expect(notice.get()?.text).toMatch(/copied/i);
    expect(screen.getByRole('status').textContent).toBe('');
  });

  it('is shown for copying by hand where the browser refuses to copy', async () => {
    await invite(false);
    expect(screen.getByRole('status').textContent).toContain(link);
  });
});
