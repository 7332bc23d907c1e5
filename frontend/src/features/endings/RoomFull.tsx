// The screen for a room without a free seat: the reason, and when the page joins automatically.

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
  /** Absent for an empty chat. */
  onSaveTranscript?: (() => void) | undefined;
  /** Further actions. */
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
            // A held seat is free when its lease ends, so an earlier attempt seldom helps.
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
      {/* Keeps its height during an attempt, so that the buttons do not move. */}
      <div className={cn('flex flex-col justify-center', seat === 'held' && 'min-h-11')}>
        {leaseEndsAt === null ? (
          <NextTry nextAt={attempt.nextAt} />
        ) : (
          // A new lease restarts the countdown.
          <Countdown key={leaseEndsAt} endsAt={leaseEndsAt} />
        )}
      </div>
      <Status title={title} endsAt={leaseEndsAt} />
    </Screen>
  );
}

/** Countdown to the end of a lease, in words and as a bar. */
function Countdown({ endsAt }: { endsAt: number }) {
  const { full } = useTexts().endings;
  const seconds = useSecondsUntil(endsAt) ?? 0;
  const [all] = useState(seconds);
  return (
    <div className="flex flex-col gap-2">
      {/* role="timer": screen readers read it on request, not every second. */}
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

/** Time before the end at which the countdown is announced once more. */
const FINAL_ANNOUNCEMENT_S = 10;

/**
 * Announces changes to screen readers: another reason, and the remaining time, first when it is
 * known and again shortly before its end.
 */
function Status({ title, endsAt }: { title: string; endsAt: number | null }) {
  const { full } = useTexts().endings;
  const seconds = useSecondsUntil(endsAt);
  const isLastCall = seconds !== null && seconds <= FINAL_ANNOUNCEMENT_S;
  const [told, setTold] = useState('');
  const toldTitle = useRef(title);
  // Each change is announced; passing seconds are not, so they are no dependency.
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
