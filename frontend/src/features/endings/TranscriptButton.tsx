// Button that saves the chat as a file, after a visit or while waiting for a seat.

import { Button } from '../../components/ui/Button';
import { useTexts } from '../../lib/i18n/useTexts';

interface TranscriptButtonProps {
  /** Absent for an empty chat; there is no button then. */
  onSave: (() => void) | undefined;
}

export function TranscriptButton({ onSave }: TranscriptButtonProps) {
  const { endings } = useTexts();
  if (!onSave) {
    return null;
  }
  return (
    <Button variant="secondary" onClick={onSave} data-testid="transcript-button">
      {endings.saveTranscript}
    </Button>
  );
}
