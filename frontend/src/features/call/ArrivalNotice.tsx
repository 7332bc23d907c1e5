// Announces the other participant's arrival to a waiting user, who may be in another tab: by a
// sound and a blinking title.

import { useEffect, useRef, useState } from 'react';
import { useTexts } from '../../lib/i18n/useTexts';
import type { CallState } from '../../rtc/call/callState';
import type { CallView } from './useCall';

const FLASH_MS = 1_000;

interface ArrivalNoticeProps {
  call: CallView;
  hasSound: boolean;
}

export function ArrivalNotice({ call, hasSound }: ArrivalNoticeProps) {
  const texts = useTexts().call;
  const [isFlashing, setIsFlashing] = useState(false);
  const isTitle = useFlash(isFlashing);
  const { state, peerName } = call;
  const wasWaiting = useRef(false);

  useEffect(() => {
    if (wasWaiting.current && hasArrived(state)) {
      setIsFlashing(document.hidden);
      if (hasSound) void import('./chime').then(({ chime }) => chime()).catch(() => {});
    }
    // Not for a participant who has left again.
    if (state.phase === 'waiting') setIsFlashing(false);
    wasWaiting.current = state.phase === 'waiting';
  }, [state, hasSound]);

  useEffect(() => {
    const stop = () => !document.hidden && setIsFlashing(false);
    document.addEventListener('visibilitychange', stop);
    return () => document.removeEventListener('visibilitychange', stop);
  }, []);

  return isTitle ? <title>{texts.news.arrived(peerName || texts.someone)}</title> : null;
}

function hasArrived({ phase }: CallState): boolean {
  return phase === 'connecting' || phase === 'connected';
}

/** Alternates between true and false while `isActive`. */
function useFlash(isActive: boolean): boolean {
  const [isOn, setIsOn] = useState(true);
  useEffect(() => {
    if (!isActive) return;
    setIsOn(true);
    const flashing = setInterval(() => setIsOn((on) => !on), FLASH_MS);
    return () => clearInterval(flashing);
  }, [isActive]);
  return isActive && isOn;
}
