// State of the call in one or two words; screen readers announce its changes.

import { cn } from '../../lib/cn';
import { useTexts } from '../../lib/i18n/useTexts';
import type { OpenCallState } from '../../rtc/call/callState';
import { phraseFor } from './phrases';

const dots: Record<OpenCallState['phase'], string> = {
  connecting: 'bg-warn',
  waiting: 'bg-muted',
  connected: 'bg-good',
  reconnecting: 'bg-warn',
  unreachable: 'bg-danger',
};

interface CallStatusProps {
  state: OpenCallState;
  peerName: string | null;
  hasRelay?: boolean;
}

export function CallStatus({ state, peerName, hasRelay = false }: CallStatusProps) {
  const { label, title } = phraseFor(state, { peerName, hasRelay }, useTexts());
  return (
    <p
      role="status"
      data-testid="call-state"
      data-state={state.phase}
      className="inline-flex shrink-0 items-center gap-2 rounded-full bg-sunken px-3 py-1.5 text-sm"
    >
      <span aria-hidden className={cn('size-2.5 rounded-full', dots[state.phase])} />
      <span aria-hidden>{label}</span>
      <span className="sr-only">{title}</span>
    </p>
  );
}
