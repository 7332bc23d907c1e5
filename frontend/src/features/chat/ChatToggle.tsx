// Opens the chat where there is no room for it beside the call, and counts what was not read yet.

import { MessageSquare } from 'lucide-react';
import { ControlButton } from '../../components/ui/ControlButton';

interface ChatToggleProps {
  isOpen: boolean;
  unread: number;
  onToggle: () => void;
}

export function ChatToggle({ isOpen, unread, onToggle }: ChatToggleProps) {
  return (
    <ControlButton
      caption="Chat"
      icon={<MessageSquare aria-hidden />}
      aria-expanded={isOpen}
      aria-keyshortcuts="C"
      onClick={onToggle}
      data-testid="chat-toggle"
    >
      {/* There before the first message, or that one would not be read out. */}
      <span role="status" className="absolute -top-1 right-1">
        {unread > 0 && <UnreadBadge count={unread} />}
      </span>
    </ControlButton>
  );
}

function UnreadBadge({ count }: { count: number }) {
  return (
    <span className="flex h-5 min-w-5 items-center justify-center rounded-full bg-danger px-1.5 text-xs font-semibold text-on-danger">
      {count > 99 ? '99+' : count}
      <span className="sr-only">{count === 1 ? ' new message' : ' new messages'}</span>
    </span>
  );
}
