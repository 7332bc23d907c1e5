// Unmutes a muted user while the push-to-talk key is held.

import { useRef, useState } from 'react';
import type { CallView } from './useCall';

export function usePushToTalk(call: CallView) {
  const [isTalking, setIsTalking] = useState(false);
  const isHeld = useRef(false);

  function talk(hold: boolean) {
    // A user who was not muted before stays unmuted.
    if (hold && call.local.microphone !== 'off') return;
    if (!hold && !isHeld.current) return;
    isHeld.current = hold;
    setIsTalking(hold);
    call.setMicrophone(hold);
  }

  return { isTalking, talk };
}
