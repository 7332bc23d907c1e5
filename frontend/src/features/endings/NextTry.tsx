// When the page tries again by itself.

import { Spinner } from '../../components/ui/Spinner';
import { useTexts } from '../../lib/i18n/useTexts';
import { useSecondsUntil } from './useSecondsUntil';

interface NextTryProps {
  /** In milliseconds of performance.now(); null while a try is under way. */
  nextAt: number | null;
}

export function NextTry({ nextAt }: NextTryProps) {
  const { unreachable } = useTexts().endings;
  const seconds = useSecondsUntil(nextAt);
  return (
    // A timer: screen readers tell the time when asked, and not every second. As long as one line in
    // either state, lest everything below it jump.
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
