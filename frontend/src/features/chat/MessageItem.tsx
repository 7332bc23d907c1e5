// One message, drawn as text only.

import { Check, Clock, RotateCw } from 'lucide-react';
import { memo, useState } from 'react';
import { cn } from '../../lib/cn';
import { useLanguage, useTexts } from '../../lib/i18n/useTexts';
import { clockTime, fullTime } from '../../lib/time';
import type { ChatMessage, Delivery } from './chatMessage';
import { beginningOf } from './fold';
import { linkify } from './linkify';

interface MessageItemProps {
  message: ChatMessage;
  /** True if it continues the message before it; the name is then for screen readers only. */
  continues: boolean;
  onRetry: (key: string) => void;
}

export const MessageItem = memo(function MessageItem(props: MessageItemProps) {
  const { message, continues, onRetry } = props;
  const { key, mine, delivery } = message;
  return (
    <li
      data-testid="chat-message"
      data-delivery={delivery ?? undefined}
      className={cn(
        'flex max-w-[88%] flex-col gap-1',
        continues ? 'mt-1' : 'mt-3 first:mt-0',
        mine ? 'items-end self-end' : 'items-start self-start',
      )}
    >
      <Heading message={message} isHidden={continues} />
      <div className="flex max-w-full items-end gap-1.5">
        {delivery && delivery !== 'failed' && <DeliverySign delivery={delivery} />}
        <Body text={message.text} mine={mine} />
      </div>
      {delivery === 'delivered' && <NotKept />}
      {delivery === 'failed' && <RetryButton onClick={() => onRetry(key)} />}
    </li>
  );
}, isSame);

/** Memoised: the store replaces a message object when the message changes. */
function isSame(before: MessageItemProps, after: MessageItemProps): boolean {
  const [a, b] = [before.message, after.message];
  return (
    before.continues === after.continues &&
    a.key === b.key &&
    a.text === b.text &&
    a.delivery === b.delivery &&
    a.name === b.name &&
    a.sentAt?.getTime() === b.sentAt?.getTime()
  );
}

function Heading({ message, isHidden }: { message: ChatMessage; isHidden: boolean }) {
  const { mine, name, sentAt } = message;
  const { chat: texts } = useTexts();
  const language = useLanguage();
  return (
    <p className={isHidden ? 'sr-only' : 'flex max-w-full gap-2 px-1 text-xs text-muted'}>
      <span dir="auto" className="truncate font-medium">
        {mine ? texts.you : (name ?? texts.unknown)}
      </span>{' '}
      {sentAt && (
        <time
          dateTime={sentAt.toISOString()}
          title={fullTime(sentAt, language)}
          className="shrink-0"
        >
          {clockTime(sentAt, language)}
        </time>
      )}
    </p>
  );
}

function Body({ text, mine }: { text: string; mine: boolean }) {
  const { chat: texts } = useTexts();
  const [isWhole, setWhole] = useState(false);
  const beginning = beginningOf(text);
  const isFolded = beginning !== null && !isWhole;
  return (
    <div
      className={cn(
        'min-w-0 rounded-card border border-transparent px-3.5 py-2',
        mine ? 'rounded-se-md bg-accent text-on-accent' : 'rounded-ss-md bg-sunken',
      )}
    >
      <p dir="auto" className="wrap-anywhere whitespace-pre-wrap">
        <LinkedText text={isFolded ? `${beginning}…` : text} />
      </p>
      {beginning !== null && (
        <button
          type="button"
          onClick={() => setWhole(!isWhole)}
          aria-expanded={isWhole}
          className="min-h-9 cursor-pointer font-medium underline underline-offset-2 focus-visible:outline-current"
        >
          {isWhole ? texts.showLess : texts.showAll}
        </button>
      )}
    </div>
  );
}

function LinkedText({ text }: { text: string }) {
  let position = 0;
  return linkify(text).map((piece) => {
    const key = position;
    position += piece.text.length;
    if (!piece.href) return piece.text;
    return (
      <a
        key={key}
        href={piece.href}
        target="_blank"
        rel="noopener noreferrer nofollow"
        className="underline underline-offset-2 focus-visible:outline-current"
      >
        {piece.text}
      </a>
    );
  });
}

function RetryButton({ onClick }: { onClick: () => void }) {
  const { chat: texts } = useTexts();
  return (
    <button
      type="button"
      onClick={onClick}
      className="flex min-h-11 cursor-pointer items-center gap-2 rounded-control px-2 text-sm text-danger"
    >
      <RotateCw aria-hidden className="size-4" />
      {texts.notSent}
    </button>
  );
}

function NotKept() {
  const { chat: texts } = useTexts();
  return <p className="px-2 text-sm text-muted">{texts.notKept}</p>;
}

function DeliverySign({ delivery }: { delivery: Exclude<Delivery, 'failed'> }) {
  const { chat: texts } = useTexts();
  const Icon = delivery === 'sending' ? Clock : Check;
  return (
    <span className="shrink-0 pb-1 text-muted">
      <Icon aria-hidden className="size-3.5" />
      <span className="sr-only">{delivery === 'sending' ? texts.sending : texts.sent}</span>
    </span>
  );
}
