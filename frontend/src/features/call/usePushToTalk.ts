// While whoever is muted holds the key, they are heard.

import { useRef, useState } from 'react';
import type { CallView } from './useCall';

export function usePushToTalk(call: CallView) {
  const [isTalking, setIsTalking] = useState(false);
  const isHeld = useRef(false);

  function talk(hold: boolean) {
    // Whoever was not muted to begin with is not muted at the end.
    if (hold && call.local.microphone !== 'off') return;
    if (!hold && !isHeld.current) return;
    isHeld.current = hold;
    setIsTalking(hold);
    call.setMicrophone(hold);
  }

  return { isTalking, talk };
}
