// Messages over the tiles while there is no undisturbed call. They are visual; CallStatus in the
// header is announced.

import { UserPlus } from 'lucide-react';
import { type ReactNode, useLayoutEffect, useRef } from 'react';
import { Button } from '../../components/ui/Button';
import { Spinner } from '../../components/ui/Spinner';
import { cn } from '../../lib/cn';
import { useTexts } from '../../lib/i18n/useTexts';
import type { CallState } from '../../rtc/call/callState';
import type { Phrase } from './phrases';
import type { Invite } from './useInvite';

interface StageMessageProps {
  state: CallState;
  phrase: Phrase;
  /** True if there is video behind the message. */
  hasPicture: boolean;
  /** True if the upper corners are occupied. */
  isLow: boolean;
  invite: Invite;
  onCheckConnection?: () => void;
}

export function StageMessage(props: StageMessageProps) {
  const { state, phrase, hasPicture, isLow, invite, onCheckConnection } = props;
  const texts = useTexts().call;
  if (state.phase === 'connected') return null;
  const isBusy = state.phase === 'connecting' || state.phase === 'reconnecting';
  const kind = actionFor(state);
  const action = kind && (
    <FocusFallback>
      {kind === 'check' && onCheckConnection && (
        <Button variant="onStage" onClick={onCheckConnection}>
          {texts.states.noPath.check}
        </Button>
      )}
      {kind === 'invite' && (
        <Button variant="onStage" onClick={invite.invite}>
          <UserPlus aria-hidden className="size-5" />
          {invite.isSent ? texts.controls.shareInvite : texts.controls.invite}
        </Button>
      )}
    </FocusFallback>
  );
  return hasPicture ? (
    <Banner phrase={phrase} isBusy={isBusy} action={action} />
  ) : (
    <CenteredMessage phrase={phrase} isBusy={isBusy} isLow={isLow} action={action} />
  );
}

/** Moves the focus to the stage when the focused button disappears. */
function FocusFallback({ children }: { children: ReactNode }) {
  const ref = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const group = ref.current;
    const fallback = group?.closest('section');
    return () => {
      if (group?.contains(document.activeElement)) fallback?.focus();
    };
  }, []);
  return (
    <div ref={ref} className="mt-2 empty:hidden short:mt-0">
      {children}
    </div>
  );
}

/** Action that a state offers, or null. */
function actionFor(state: CallState): 'check' | 'invite' | null {
  if (state.phase === 'waiting') return 'invite';
  return 'noPath' in state && state.noPath ? 'check' : null;
}

interface MessageProps {
  phrase: Phrase;
  isBusy: boolean;
  action: ReactNode;
}

function CenteredMessage({ phrase, isBusy, isLow, action }: MessageProps & { isLow: boolean }) {
  return (
    <div
      className={cn(
        'absolute inset-0 flex flex-col items-center justify-center gap-3 p-6 text-center short:gap-1 short:px-36 short:py-2',
        isLow ? 'pt-44' : 'pb-44',
      )}
    >
      {isBusy && <Spinner className="size-8" />}
      <h2 className="text-xl font-semibold text-balance sm:text-2xl">{phrase.title}</h2>
      <p className="max-w-md text-balance text-on-stage-muted">{phrase.detail}</p>
      {action}
    </div>
  );
}

/** A message that leaves the video visible, which may still be moving. */
function Banner({ phrase, isBusy, action }: MessageProps) {
  return (
    <div className="absolute inset-x-3 top-3 z-10 flex justify-center">
      <div className="flex flex-wrap items-center gap-3 rounded-2xl bg-stage/90 px-4 py-3 ring-1 ring-on-stage/20">
        {isBusy && <Spinner />}
        <div className="max-w-md min-w-48 flex-1">
          <h2 className="font-medium">{phrase.title}</h2>
          <p className="text-sm text-on-stage-muted">{phrase.detail}</p>
        </div>
        {action}
      </div>
    </div>
  );
}
