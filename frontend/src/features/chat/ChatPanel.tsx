// The chat beside the call: messages and composer.

import { Download, X } from 'lucide-react';
import type { KeyboardEvent } from 'react';
import { IconButton } from '../../components/ui/Button';
import { cn } from '../../lib/cn';
import { useTexts } from '../../lib/i18n/useTexts';
import { Announcer } from './Announcer';
import { Composer } from './Composer';
import { MessageList } from './MessageList';
import type { ChatView } from './useChat';

interface ChatPanelProps {
  chat: ChatView;
  /** Absent where the panel is always visible. */
  onClose?: (() => void) | undefined;
  onSaveTranscript: () => void;
  className?: string;
}

export function ChatPanel({ chat, onClose, onSaveTranscript, className }: ChatPanelProps) {
  const { chat: texts } = useTexts();

  function onKeyDown(event: KeyboardEvent) {
    // While an input method composes, Escape dismisses its suggestion.
    if (event.key === 'Escape' && !event.nativeEvent.isComposing) onClose?.();
  }

  return (
    <section
      aria-label={texts.title}
      onKeyDown={onKeyDown}
      className={cn('flex min-h-0 flex-col bg-surface', className)}
    >
      <header className="flex min-h-13 shrink-0 items-center border-b border-line ps-4 pe-1 short:min-h-12">
        <h2 className="flex-1 font-semibold">{texts.title}</h2>
        {chat.messages.length > 0 && (
          <IconButton
            variant="quiet"
            label={texts.save}
            icon={<Download aria-hidden className="size-5" />}
            onClick={onSaveTranscript}
            data-testid="transcript-button"
          />
        )}
        {onClose && (
          <IconButton
            variant="quiet"
            label={texts.close}
            icon={<X aria-hidden className="size-5" />}
            onClick={onClose}
          />
        )}
      </header>
      <MessageList chat={chat} />
      <Composer onSend={chat.write} />
      <Announcer latest={chat.latest} />
    </section>
  );
}
