// Keeps the screen on during a call.

import { useEffect } from 'react';

export function useWakeLock(isWanted: boolean): void {
  useEffect(() => {
    if (!isWanted || !('wakeLock' in navigator)) return;
    let lock: WakeLockSentinel | null = null;
    let isOver = false;
    // The browser releases the lock when the page is hidden, and refuses it on a low battery.
    const acquire = async () => {
      if (document.hidden || (lock && !lock.released)) return;
      const acquired = await navigator.wakeLock.request('screen').catch(() => null);
      if (isOver) void acquired?.release();
      else lock = acquired;
    };
    void acquire();
    document.addEventListener('visibilitychange', acquire);
    return () => {
      isOver = true;
      document.removeEventListener('visibilitychange', acquire);
      void lock?.release();
    };
  }, [isWanted]);
}
