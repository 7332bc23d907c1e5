// Duration of the call.

import { useEffect, useState } from 'react';
import { useTexts } from '../../lib/i18n/useTexts';
import { duration } from '../../lib/time';

export function CallTimer({ since }: { since: number }) {
  const texts = useTexts().call;
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const ticking = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(ticking);
  }, []);
  const time = duration(Math.max(0, now - since));
  return (
    <span
      role="timer"
      aria-label={texts.timer(time)}
      data-testid="call-timer"
      className="shrink-0 text-sm text-muted tabular-nums"
    >
      {time}
    </span>
  );
}
