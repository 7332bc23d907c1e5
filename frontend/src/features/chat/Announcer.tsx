// Announces incoming messages to screen readers, but not the history.

import { useTexts } from '../../lib/i18n/useTexts';
import type { ChatMessage } from './chatMessage';

/** Length of an announcement; the list has the whole message. */
const SPOKEN_LENGTH = 300;

export function Announcer({ latest }: { latest: ChatMessage | null }) {
  const { chat } = useTexts();
  return (
    <div aria-live="polite" className="sr-only" data-testid="chat-announcer">
      {latest && (
        // A new element for each message, so that equal texts are announced twice.
        <p key={latest.key}>
          {chat.said(latest.name ?? chat.unknown, latest.text.slice(0, SPOKEN_LENGTH))}
        </p>
      )}
    </div>
  );
}
