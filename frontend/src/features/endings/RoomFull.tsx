// The room has no free seat: why, and when the page joins by itself.

import { type ReactNode, useEffect, useRef, useState } from 'react';
import { Button } from '../../components/ui/Button';
import { cn } from '../../lib/cn';
import { useTexts } from '../../lib/i18n/useTexts';
import type { Attempt, Fullness } from '../../signaling/client';
import { NextTry } from './NextTry';
import { Detail, Screen, ScreenTitle } from './Screen';
import { TranscriptButton } from './TranscriptButton';
import { useSecondsUntil } from './useSecondsUntil';

interface RoomFullProps {
  appointmentId: string;
  seat: Fullness;
  attempt: Attempt;
  onTryNow: () => void;
  /** Absent where nothing was written. */
  onSaveTranscript?: (() => void) | undefined;
  /** The other way on. */
  children: ReactNode;
}

export function RoomFull(props: RoomFullProps) {
  const { appointmentId, seat, attempt, onTryNow, onSaveTranscript, children } = props;
  const { endings, lobby } = useTexts();
  const { title, detail } = endings.full[seat];
  const leaseEndsAt = seat === 'held' && attempt.obstacle === 'full' ? attempt.nextAt : null;
  return (
    <Screen
      name={seat === 'held' ? 'seat-held' : 'full'}
      title={
        <ScreenTitle data-testid="call-state" data-state="full">
          {title}
        </ScreenTitle>
      }
      actions={
        <>
          <Button
            // A lease ends when it ends: asking earlier is seldom of use.
            variant={seat === 'held' ? 'secondary' : 'primary'}
            onClick={onTryNow}
            data-testid="try-now-button"
          >
            {endings.unreachable.tryNow}
          </Button>
          <TranscriptButton onSave={onSaveTranscript} />
          {children}
        </>
      }
    >
      <Detail>{detail}</Detail>
      <Detail>
        {lobby.preJoin.appointment} <bdi>{appointmentId}</bdi>
      </Detail>
      {/* As high while a try is under way, lest the buttons jump. */}
      <div className={cn('flex flex-col justify-center', seat === 'held' && 'min-h-11')}>
        {leaseEndsAt === null ? (
          <NextTry nextAt={attempt.nextAt} />
        ) : (
          // Another lease is another countdown.
          <Countdown key={leaseEndsAt} endsAt={leaseEndsAt} />
        )}
      </div>
      <Status title={title} endsAt={leaseEndsAt} />
    </Screen>
  );
}

/** Down to the end of a lease, in words and as a bar that gets shorter. */
function Countdown({ endsAt }: { endsAt: number }) {
  const { full } = useTexts().endings;
  const seconds = useSecondsUntil(endsAt) ?? 0;
  const [all] = useState(seconds);
  return (
    <div className="flex flex-col gap-2">
      {/* Screen readers tell the time of a timer when asked, and not every second. */}
      <p
        role="timer"
        data-testid="seat-countdown"
        data-seconds={seconds}
        className="text-lg font-medium tabular-nums"
      >
        {full.joinsIn(seconds)}
      </p>
      <div aria-hidden className="h-1.5 overflow-hidden rounded-full bg-sunken">
        <div
          className="h-full rounded-full bg-accent motion-safe:transition-[width] motion-safe:duration-1000 motion-safe:ease-linear"
          style={{ width: `${((seconds - 1) / Math.max(1, all)) * 100}%` }}
        />
      </div>
    </div>
  );
}

/** How long before the end those are told once more who do not see the countdown. */
const LAST_CALL_S = 10;

/**
 * Tells those who do not see the page what has changed since the heading had the focus: another reason, and how long
 * it takes, when that is known first and shortly before the end.
 */
function Status({ title, endsAt }: { title: string; endsAt: number | null }) {
  const { full } = useTexts().endings;
  const seconds = useSecondsUntil(endsAt);
  const isLastCall = seconds !== null && seconds <= LAST_CALL_S;
  const [told, setTold] = useState('');
  const toldTitle = useRef(title);
  // Read out when it changes. Seconds that merely pass do not change it, so they are no dependency.
  useEffect(() => {
    const reason = title === toldTitle.current ? '' : title;
    toldTitle.current = title;
    setTold([reason, seconds === null ? '' : full.joinsIn(seconds)].filter(Boolean).join('. '));
  }, [title, endsAt, isLastCall]);
  return (
    <p role="status" className="sr-only">
      {told}
    </p>
  );
}
