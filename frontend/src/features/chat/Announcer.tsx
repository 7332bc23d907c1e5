// Reads out what comes in, and nothing that was there before.

import { useTexts } from '../../lib/i18n/useTexts';
import type { ChatMessage } from './chatStore';

/** Whoever wants to hear the rest finds it in the list. */
const SPOKEN_LENGTH = 300;

export function Announcer({ latest }: { latest: ChatMessage | null }) {
  const { chat } = useTexts();
  return (
    <div aria-live="polite" className="sr-only" data-testid="chat-announcer">
      {latest && (
        // A new element each time: the same words twice are news twice.
        <p key={latest.key}>
          {chat.said(latest.name ?? chat.unknown, latest.text.slice(0, SPOKEN_LENGTH))}
        </p>
      )}
    </div>
  );
}
