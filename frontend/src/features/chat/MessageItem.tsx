// One message. Text only, whatever is in it.

import { Check, Clock, RotateCw } from 'lucide-react';
import { cn } from '../../lib/cn';
import { shortTime } from '../../lib/time';
import type { ChatMessage, Delivery } from './chatStore';

interface MessageItemProps {
  message: ChatMessage;
  onRetry: (key: string) => void;
}

export function MessageItem({ message, onRetry }: MessageItemProps) {
  const { key, mine, name, text, sentAt, delivery } = message;
  return (
    <li
      data-testid="chat-message"
      data-delivery={delivery ?? undefined}
      className={cn('flex max-w-[85%] flex-col gap-1', mine ? 'items-end self-end' : 'self-start')}
    >
      <p className="flex max-w-full gap-2 px-1 text-xs text-muted">
        <span className="truncate font-medium">{mine ? 'You' : (name ?? 'Unknown')}</span>
        {sentAt && (
          <time dateTime={sentAt.toISOString()} className="shrink-0">
            {shortTime(sentAt, new Date())}
          </time>
        )}
        {delivery && delivery !== 'failed' && <DeliverySign delivery={delivery} />}
      </p>
      <p
        className={cn(
          'max-w-full rounded-2xl px-3.5 py-2 wrap-anywhere whitespace-pre-wrap',
          mine ? 'rounded-tr-md bg-accent text-on-accent' : 'rounded-tl-md bg-sunken',
        )}
      >
        {text}
      </p>
      {delivery === 'failed' && (
        <button
          type="button"
          onClick={() => onRetry(key)}
          className="flex min-h-11 cursor-pointer items-center gap-2 rounded-lg px-2 text-sm text-danger"
        >
          <RotateCw aria-hidden className="size-4" />
          Not sent. Try again
        </button>
      )}
    </li>
  );
}

function DeliverySign({ delivery }: { delivery: Exclude<Delivery, 'failed'> }) {
  const Icon = delivery === 'sent' ? Check : Clock;
  return (
    <>
      <Icon aria-hidden className="size-4 shrink-0" />
      <span className="sr-only">{delivery === 'sent' ? 'Sent' : 'Sending'}</span>
    </>
  );
}
