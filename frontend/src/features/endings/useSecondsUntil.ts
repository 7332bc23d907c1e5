// Countdown in whole seconds.

import { useEffect, useState } from 'react';

/** Seconds until `time`, in milliseconds of performance.now(); at least 1. Null for null. */
export function useSecondsUntil(time: number | null): number | null {
  const [now, setNow] = useState(() => performance.now());
  useEffect(() => {
    if (time === null) return;
    setNow(performance.now());
    const timer = setInterval(() => setNow(performance.now()), 250);
    return () => clearInterval(timer);
  }, [time]);
  return time === null ? null : Math.max(1, Math.ceil((time - now) / 1_000));
}
