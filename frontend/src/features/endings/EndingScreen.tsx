// The screen after a visit, with the way back into the room.

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
  /** The server's refusal, if it refused. */
  refusal: Refused | null;
  /** Length of the visit, in milliseconds; null for a user who never joined. */
  lengthMs: number | null;
  /** Absent for an empty chat. */
  onSaveTranscript?: (() => void) | undefined;
  onReopen: () => void;
  /** Further actions. */
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
