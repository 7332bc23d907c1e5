// Button that opens the chat in a narrow window, with the number of unread messages.

import { MessageSquare } from 'lucide-react';
import type { Ref } from 'react';
import { ControlButton } from '../../components/ui/ControlButton';
import { useLanguage, useTexts } from '../../lib/i18n/useTexts';
import { formattedNumber } from '../../lib/time';

interface ChatToggleProps {
  isOpen: boolean;
  unread: number;
  onToggle: () => void;
  ref?: Ref<HTMLButtonElement>;
}

export function ChatToggle({ isOpen, unread, onToggle, ref }: ChatToggleProps) {
  const { chat: texts } = useTexts();
  return (
    <ControlButton
      ref={ref}
      caption={texts.title}
      icon={<MessageSquare aria-hidden />}
      aria-expanded={isOpen}
      aria-keyshortcuts="C"
      onClick={onToggle}
      data-testid="chat-toggle"
    >
      {/* Always mounted: screen readers announce only changes of an existing live region. */}
      <span role="status" className="absolute -top-1 end-1">
        {unread > 0 && <UnreadBadge count={unread} />}
      </span>
    </ControlButton>
  );
}

function UnreadBadge({ count }: { count: number }) {
  const { chat: texts } = useTexts();
  const language = useLanguage();
  return (
    <span className="flex h-5 min-w-5 items-center justify-center rounded-full border border-transparent bg-danger px-1.5 text-xs font-semibold text-on-danger">
      <span aria-hidden>{count > 99 ? '99+' : formattedNumber(count, language)}</span>
      <span className="sr-only">{texts.unread(count)}</span>
    </span>
  );
}
