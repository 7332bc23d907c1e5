// The chat beside the call: what was written so far, and a place to write.

import { X } from 'lucide-react';
import { IconButton } from '../../components/ui/Button';
import { cn } from '../../lib/cn';
import { Composer } from './Composer';
import { MessageItem } from './MessageItem';
import type { ChatView } from './useChat';

interface ChatPanelProps {
  chat: ChatView;
  /** Absent where the panel is always in sight. */
  onClose?: () => void;
  className?: string;
}

export function ChatPanel({ chat, onClose, className }: ChatPanelProps) {
  return (
    <section aria-label="Chat" className={cn('flex min-h-0 flex-col bg-surface', className)}>
      <header className="flex min-h-14 items-center justify-between border-b border-line pr-1 pl-4">
        <h2 className="font-semibold">Chat</h2>
        {onClose && (
          <IconButton
            variant="quiet"
            label="Close the chat"
            icon={<X aria-hidden className="size-5" />}
            onClick={onClose}
          />
        )}
      </header>
      <Messages chat={chat} />
      <Composer onSend={chat.write} />
    </section>
  );
}

function Messages({ chat }: { chat: ChatView }) {
  const isEmpty = chat.messages.length === 0;
  return (
    // Reversed, the browser itself keeps the newest message in sight.
    <div className="flex min-h-0 flex-1 flex-col-reverse overflow-y-auto overscroll-contain p-4">
      <div role="log" aria-label="Messages" className={cn(!isEmpty && 'mb-auto')}>
        <ol className="flex flex-col gap-4">
          {chat.messages.map((message) => (
            <MessageItem key={message.key} message={message} onRetry={chat.retry} />
          ))}
        </ol>
      </div>
      {!chat.historyAvailable && (
        <p className="mb-4 rounded-xl bg-sunken p-3 text-sm text-muted">
          Earlier messages cannot be shown right now. They are not lost.
        </p>
      )}
      {isEmpty && chat.historyAvailable && (
        <p className="m-auto max-w-56 text-center text-sm text-balance text-muted">
          No messages yet. What you write here stays with this appointment.
        </p>
      )}
    </div>
  );
}
