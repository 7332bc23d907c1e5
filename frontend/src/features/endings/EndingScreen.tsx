// What is left when the call is over on this side, and the way back in.

import type { ReactNode } from 'react';
import { Button } from '../../components/ui/Button';
import { useLanguage, useTexts } from '../../lib/i18n/useTexts';
import { lengthOfTime } from '../../lib/time';
import type { Ending } from '../../rtc/call/callState';
import type { Refused } from '../../signaling/client';
import { endingText } from './endingText';
import { Detail, Screen, ScreenTitle } from './Screen';
import { TranscriptButton } from './TranscriptButton';

interface EndingScreenProps {
  ending: Ending;
  /** What the server said, if it said no. */
  refusal: Refused | null;
  /** How long the visit was, in milliseconds; null for whoever never got in. */
  lengthMs: number | null;
  /** Absent where nothing was written. */
  onSaveTranscript?: (() => void) | undefined;
  onReopen: () => void;
  /** The other way on. */
  children: ReactNode;
}

export function EndingScreen(props: EndingScreenProps) {
  const { ending, refusal, lengthMs, onSaveTranscript, onReopen, children } = props;
  const { endings } = useTexts();
  const language = useLanguage();
  const { name, title, detail, again } = endingText(ending, refusal, endings);
  return (
    <Screen
      name={name}
      title={
        <ScreenTitle data-testid="call-state" data-state={ending.phase}>
          {title}
        </ScreenTitle>
      }
      actions={
        <>
          <Button onClick={onReopen} data-testid="reopen-button">
            {again}
          </Button>
          <TranscriptButton onSave={onSaveTranscript} />
          {children}
        </>
      }
    >
      {name === 'left' && lengthMs !== null && (
        <Detail>{endings.left.duration(lengthOfTime(lengthMs, language))}</Detail>
      )}
      <Detail>{detail}</Detail>
    </Screen>
  );
}
