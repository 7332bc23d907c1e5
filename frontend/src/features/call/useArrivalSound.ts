// Setting: whether an arrival is announced by a sound.

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
