// What is left when the call is over on this side, and the way back in.

import type { ReactNode } from 'react';
import { Button } from '../../components/ui/Button';
import { useTexts } from '../../lib/i18n/useTexts';
import type { Ending } from '../../rtc/callState';
import { CallStatus } from './CallStatus';
import { phraseFor } from './phrases';

const waysBack: Record<Ending['phase'], string> = {
  full: 'Try again',
  replaced: 'Use this tab instead',
  ended: 'Join again',
};

interface EndingScreenProps {
  ending: Ending;
  onReopen: () => void;
  /** The other way on. */
  children: ReactNode;
}

export function EndingScreen({ ending, onReopen, children }: EndingScreenProps) {
  const about = { peerName: null, hasRelay: false };
  const { title, detail } = phraseFor(ending, about, useTexts());
  return (
    <section className="flex flex-col items-start gap-4">
      <CallStatus state={ending} peerName={null} />
      <h1 ref={focus} tabIndex={-1} className="text-2xl font-semibold text-balance outline-none">
        {title}
      </h1>
      <p className="text-muted">{detail}</p>
      <div className="mt-2 flex w-full flex-col gap-3 sm:flex-row">
        <Button onClick={onReopen} className="min-h-12" data-testid="reopen-button">
          {waysBack[ending.phase]}
        </Button>
        {children}
      </div>
    </section>
  );
}

/** The button that led here is gone; whoever cannot see the page is told where they are. */
function focus(heading: HTMLElement | null): void {
  heading?.focus();
}
