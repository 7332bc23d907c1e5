// Whether a sound tells that somebody has arrived, as whoever sits here prefers it.

import { useState } from 'react';
import { recallForever, rememberForever } from '../../lib/browserStorage';

const storageKey = 'switchboard.arrivalSound';

export interface ArrivalSound {
  isOn: boolean;
  toggle(): void;
}

export function useArrivalSound(): ArrivalSound {
  const [isOn, setIsOn] = useState(() => recallForever(storageKey) !== 'off');
  function toggle() {
    rememberForever(storageKey, isOn ? 'off' : 'on');
    setIsOn(!isOn);
  }
  return { isOn, toggle };
}
