// Countdown to the next automatic attempt.

import { Spinner } from '../../components/ui/Spinner';
import { useTexts } from '../../lib/i18n/useTexts';
import { useSecondsUntil } from './useSecondsUntil';

interface NextTryProps {
  /** In milliseconds of performance.now(); null during an attempt. */
  nextAt: number | null;
}

export function NextTry({ nextAt }: NextTryProps) {
  const { unreachable } = useTexts().endings;
  const seconds = useSecondsUntil(nextAt);
  return (
    // role="timer": screen readers read it on request, not every second. It keeps one line in both
    // states, so that the content below does not move.
    <p role="timer" className="flex min-h-6 items-center gap-2 tabular-nums">
      {seconds === null ? (
        <>
          <Spinner />
          {unreachable.trying}
        </>
      ) : (
        unreachable.nextTry(seconds)
      )}
    </p>
  );
}
