// The server could not be reached when somebody wanted to join: what to try, and when the page does.

import type { ReactNode } from 'react';
import { Button } from '../../components/ui/Button';
import { useTexts } from '../../lib/i18n/useTexts';
import type { Attempt } from '../../signaling/client';
import { NextTry } from './NextTry';
import { Detail, Screen, ScreenTitle } from './Screen';

/** A server that says that the room is full is reached; when it is not, the obstacle is the network. */
function reasonFor({ obstacle }: Attempt) {
  return obstacle === null || obstacle === 'full' ? 'network' : obstacle;
}

interface UnreachableProps {
  attempt: Attempt;
  onTryNow: () => void;
  /** The other way on. */
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
