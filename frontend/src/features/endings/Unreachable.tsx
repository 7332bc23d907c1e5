// The server could not be reached when somebody wanted to join: what to try, and when the page does.

import { type ReactNode, useEffect, useState } from 'react';
import { Button } from '../../components/ui/Button';
import { Spinner } from '../../components/ui/Spinner';
import { useTexts } from '../../lib/i18n/useTexts';
import type { Attempt } from '../../signaling/client';
import { Detail, Screen, ScreenTitle } from './Screen';

interface UnreachableProps {
  attempt: Attempt;
  onTryNow: () => void;
  /** The other way on. */
  children: ReactNode;
}

export function Unreachable({ attempt, onTryNow, children }: UnreachableProps) {
  const { unreachable } = useTexts().endings;
  const obstacle = attempt.obstacle ?? 'network';
  const { title, detail } = unreachable[obstacle];
  return (
    <Screen
      name="unreachable"
      title={
        <ScreenTitle data-testid="call-state" data-state="unreachable">
          {title}
        </ScreenTitle>
      }
      actions={
        <>
          <Button onClick={onTryNow} data-testid="unreachable">
            {unreachable.tryNow}
          </Button>
          {children}
        </>
      }
    >
      <Detail>{detail}</Detail>
      {obstacle === 'network' && (
        <ul className="flex list-disc flex-col gap-2 ps-5 text-muted">
          {unreachable.steps.map((step) => (
            <li key={step}>{step}</li>
          ))}
        </ul>
      )}
      <NextTry nextAt={attempt.nextAt} />
    </Screen>
  );
}

function NextTry({ nextAt }: { nextAt: number | null }) {
  const { unreachable } = useTexts().endings;
  const seconds = useSecondsUntil(nextAt);
  return (
    // As long as one line in either state, lest everything below it jump.
    <p className="flex min-h-6 items-center gap-2">
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

/** Counts down to a time in milliseconds of performance.now(). */
function useSecondsUntil(time: number | null): number | null {
  const [now, setNow] = useState(() => performance.now());
  useEffect(() => {
    if (time === null) return;
    setNow(performance.now());
    const timer = setInterval(() => setNow(performance.now()), 250);
    return () => clearInterval(timer);
  }, [time]);
  return time === null ? null : Math.max(1, Math.ceil((time - now) / 1_000));
}
