// Input for a message. Enter sends it, Shift+Enter starts a new line.

import { SendHorizontal } from 'lucide-react';
import { type FormEvent, type KeyboardEvent, useId, useRef, useState } from 'react';
import { IconButton } from '../../components/ui/Button';
import { utf8Length } from '../../lib/bytes';
import { useLanguage, useTexts } from '../../lib/i18n/useTexts';
import { formattedNumber } from '../../lib/time';
import { limits } from '../../signaling/client';

const MAX_ROWS = 5;

export function Composer({ onSend }: { onSend: (body: string) => void }) {
  const { chat: texts } = useTexts();
  const language = useLanguage();
  const [draft, setDraft] = useState('');
  const input = useRef<HTMLTextAreaElement>(null);
  const warningId = useId();
  const body = draft.trim();
  const excess = utf8Length(body) - limits.messageBytes;
  const isTooLong = excess > 0;

  function submit(event: FormEvent | KeyboardEvent) {
    event.preventDefault();
    if (body === '' || isTooLong) return;
    onSend(body);
    setDraft('');
    // The button becomes disabled, which would lose the focus.
    input.current?.focus();
  }

  function onKeyDown(event: KeyboardEvent) {
    // While an input method composes (as for Japanese), Enter accepts its suggestion.
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
          {texts.tooLong(excess, formattedNumber(excess, language))}
        </p>
      )}
      <div className="flex items-end gap-2">
        <textarea
          ref={input}
          value={draft}
          onChange={(event) => setDraft(event.target.value)}
          onKeyDown={onKeyDown}
          // For browsers without `field-sizing`.
          rows={Math.min(MAX_ROWS, draft.split('\n').length)}
          enterKeyHint="send"
          dir="auto"
          aria-label={texts.input}
          aria-invalid={isTooLong || undefined}
          aria-describedby={isTooLong ? warningId : undefined}
          placeholder={texts.placeholder}
          data-testid="chat-input"
          className="field-sizing-content max-h-36 min-h-12 flex-1 resize-none rounded-control border border-edge bg-surface px-3.5 py-2.75 wrap-anywhere placeholder:text-muted"
        />
        <IconButton
          type="submit"
          variant="primary"
          label={texts.send}
          icon={<SendHorizontal aria-hidden className="size-5 rtl:-scale-x-100" />}
          disabled={body === '' || isTooLong}
          // Keeps the focus in the field, and a phone's keyboard open.
          onMouseDown={(event) => event.preventDefault()}
          data-testid="chat-send"
        />
      </div>
    </form>
  );
}
