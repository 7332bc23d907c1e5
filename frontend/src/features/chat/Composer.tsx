// Where a message is written. Enter sends, Shift+Enter starts a new line.

import { SendHorizontal } from 'lucide-react';
import { type FormEvent, type KeyboardEvent, useId, useState } from 'react';
import { IconButton } from '../../components/ui/Button';
import { utf8Length } from '../../lib/bytes';

/** The server's limit for one message. */
export const MESSAGE_LIMIT_BYTES = 16_384;

export function Composer({ onSend }: { onSend: (body: string) => void }) {
  const [draft, setDraft] = useState('');
  const warningId = useId();
  const body = draft.trim();
  const excess = utf8Length(body) - MESSAGE_LIMIT_BYTES;
  const isTooLong = excess > 0;

  function submit(event: FormEvent | KeyboardEvent) {
    event.preventDefault();
    if (body === '' || isTooLong) return;
    onSend(body);
    setDraft('');
  }

  function onKeyDown(event: KeyboardEvent) {
    // While composing, in Japanese for one, Enter takes a suggestion.
    const isEnter = event.key === 'Enter' && !event.nativeEvent.isComposing;
    if (isEnter && !event.shiftKey) submit(event);
  }

  return (
    <form
      onSubmit={submit}
      className="border-t border-line p-3 pb-[max(0.75rem,env(safe-area-inset-bottom))]"
    >
      {isTooLong && (
        <p id={warningId} role="alert" className="px-1 pb-2 text-sm text-danger">
          This message is too long to send. Please shorten it by {excess.toLocaleString()}{' '}
          {excess === 1 ? 'character' : 'characters'}, or send it in parts.
        </p>
      )}
      <div className="flex items-end gap-2">
        <textarea
          value={draft}
          onChange={(event) => setDraft(event.target.value)}
          onKeyDown={onKeyDown}
          rows={1}
          aria-label="Message"
          aria-invalid={isTooLong || undefined}
          aria-describedby={isTooLong ? warningId : undefined}
          placeholder="Write a message"
          data-testid="chat-input"
          className="field-sizing-content max-h-36 min-h-12 flex-1 resize-none rounded-xl border border-edge bg-surface px-3.5 py-2.75 wrap-anywhere placeholder:text-muted"
        />
        <IconButton
          type="submit"
          variant="primary"
          label="Send"
          icon={<SendHorizontal aria-hidden className="size-5" />}
          disabled={body === '' || isTooLong}
          data-testid="chat-send"
        />
      </div>
    </form>
  );
}
