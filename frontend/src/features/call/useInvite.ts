// Shares the link to this appointment: by the phone's share sheet, or by the clipboard.

import { useState } from 'react';
import { copyText } from '../../lib/clipboard';
import { useTexts } from '../../lib/i18n/useTexts';
import { notify } from '../../lib/notices';
import { invitationTo } from '../../lib/paths';
import { useMediaQuery } from '../../lib/useMediaQuery';

export interface Invite {
  /** True where the device has a share sheet. */
  isSent: boolean;
  /** The link, where it can only be copied by hand. */
  link: string | null;
  invite(): void;
}

export function useInvite(appointmentId: string): Invite {
  const texts = useTexts().call.controls;
  const isPhone = useMediaQuery('(pointer: coarse)');
  const isSent = isPhone && typeof navigator.share === 'function';
  const [hasFailed, setHasFailed] = useState(false);
  const link = invitationTo(appointmentId);

  async function invite() {
    // A cancelled share sheet does not copy the link either.
    if (isSent) return navigator.share({ url: link }).catch(() => {});
    const isCopied = await copyText(link);
    setHasFailed(!isCopied);
    if (isCopied) notify(texts.copied);
  }

  return { isSent, link: hasFailed ? link : null, invite: () => void invite() };
}
