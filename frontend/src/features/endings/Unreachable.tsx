// The screen for a server that was unreachable on joining: advice, and the next attempt.

import type { ReactNode } from 'react';
import { Button } from '../../components/ui/Button';
import { useTexts } from '../../lib/i18n/useTexts';
import type { Attempt } from '../../signaling/client';
import { NextTry } from './NextTry';
import { Detail, Screen, ScreenTitle } from './Screen';

/** A `full` server was reached earlier; now the network is the obstacle. */
function reasonFor({ obstacle }: Attempt) {
  return obstacle === null || obstacle === 'full' ? 'network' : obstacle;
}

interface UnreachableProps {
  attempt: Attempt;
  onTryNow: () => void;
  /** Further actions. */
  children: ReactNode;
}

export function Unreachable({ attempt, onTryNow, children }: UnreachableProps) {
  const { unreachable } = useTexts().endings;
  const obstacle = reasonFor(attempt);
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
