// Saves the chat as a file, where a visit is over or waits for a seat.

import { Button } from '../../components/ui/Button';
import { useTexts } from '../../lib/i18n/useTexts';

interface TranscriptButtonProps {
  /** Absent where nothing was written: there is no button then. */
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
