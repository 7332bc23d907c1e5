// Hands the link to this appointment on: by the phone's own way to send things, or by the clipboard.

import { useState } from 'react';
import { copyText } from '../../lib/clipboard';
import { useTexts } from '../../lib/i18n/useTexts';
import { notify } from '../../lib/notices';
import { roomPath } from '../../lib/paths';
import { useMediaQuery } from '../../lib/useMediaQuery';

export interface Invite {
  /** The phone sends it itself. */
  isSent: boolean;
  /** To be copied by hand, where nothing else works. */
  link: string | null;
  invite(): void;
}

export function useInvite(appointmentId: string): Invite {
  const texts = useTexts().call.controls;
  const isPhone = useMediaQuery('(pointer: coarse)');
  const isSent = isPhone && typeof navigator.share === 'function';
  const [hasFailed, setHasFailed] = useState(false);
  // Without the name of whoever invites: that of the invited is asked for.
  const link = new URL(roomPath(appointmentId), window.location.origin).href;

  async function invite() {
    // Who changes their mind while sending wants nothing copied either.
    if (isSent) return navigator.share({ url: link }).catch(() => {});
    const isCopied = await copyText(link);
    setHasFailed(!isCopied);
    if (isCopied) notify(texts.copied);
  }

  return { isSent, link: hasFailed ? link : null, invite: () => void invite() };
}
