// Hands the link to this appointment on: by the phone's own way to send things, or by the clipboard.

import { useEffect, useState } from 'react';
import { copyText } from '../../lib/clipboard';
import { useTexts } from '../../lib/i18n/useTexts';
import { roomPath } from '../../lib/paths';
import { useMediaQuery } from '../../lib/useMediaQuery';

const NOTE_MS = 4_000;

export interface Invite {
  /** In words: what became of it, and for a while only. */
  note: string | null;
  /** The phone sends it itself. */
  isSent: boolean;
  /** To be read off and written down, where nothing else works. */
  link: string | null;
  invite(): void;
}

export function useInvite(appointmentId: string): Invite {
  const texts = useTexts().call.controls;
  const isPhone = useMediaQuery('(pointer: coarse)');
  const isSent = isPhone && typeof navigator.share === 'function';
  const [outcome, setOutcome] = useState<'copied' | 'failed' | null>(null);
  // Without the name of whoever invites: that of the invited is asked for.
  const link = new URL(roomPath(appointmentId), window.location.origin).href;

  useEffect(() => {
    if (outcome !== 'copied') return;
    const timer = setTimeout(() => setOutcome(null), NOTE_MS);
    return () => clearTimeout(timer);
  }, [outcome]);

  async function invite() {
    // Who changes their mind while sending wants nothing copied either.
    if (isSent) await navigator.share({ url: link }).catch(() => {});
    else setOutcome((await copyText(link)) ? 'copied' : 'failed');
  }

  return {
    isSent,
    note: outcome && (outcome === 'copied' ? texts.copied : texts.copyThis),
    link: outcome === 'failed' ? link : null,
    invite: () => void invite(),
  };
}
