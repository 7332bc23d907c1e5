// All messages, oldest first. The newest stays visible unless the user has scrolled up.

import { ArrowDown } from 'lucide-react';
import { useEffect, useState } from 'react';
import { Button } from '../../components/ui/Button';
import { useLanguage, useTexts } from '../../lib/i18n/useTexts';
import { dayName, daysBetween } from '../../lib/time';
import { MessageItem } from './MessageItem';
import { type Row, timelineOf } from './timeline';
import type { ChatView } from './useChat';
import { useStickyScroll } from './useStickyScroll';

/** Rows drawn at first: more than a screen holds, and few enough to draw quickly. */
const PAGE = 200;

export function MessageList({ chat }: { chat: ChatView }) {
  const { chat: texts } = useTexts();
  const [limit, setLimit] = useState(PAGE);
  const scroll = useStickyScroll(chat.setAtNewest);
  const { jumpToNewest } = scroll;
  const newest = chat.messages.at(-1);
  const ownNewest = newest?.mine ? newest.key : null;
  const isEmpty = chat.messages.length === 0;
  const rows = timelineOf(chat.messages.slice(-limit), chat.newSince);

  // A user who sends a message sees it.
  useEffect(() => {
    if (ownNewest !== null) jumpToNewest();
  }, [ownNewest, jumpToNewest]);

  function showEarlier() {
    scroll.keepPlace();
    setLimit(limit + PAGE);
  }

  return (
    <div className="relative min-h-0 flex-1">
      <section
        ref={scroll.ref}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys scroll it
        tabIndex={0}
        aria-label={texts.messages}
        className="absolute inset-0 flex flex-col overflow-y-auto overscroll-contain p-4 -outline-offset-3"
      >
        <div className="flex flex-1 flex-col">
          {!chat.historyAvailable && (
            <p className="mb-4 rounded-control bg-sunken p-3 text-sm text-muted">
              {texts.historyMissing}
            </p>
          )}
          {isEmpty && chat.historyAvailable && (
            <p className="m-auto max-w-60 text-center text-sm text-balance text-muted">
              {texts.empty}
            </p>
          )}
          {chat.messages.length > limit && (
            <Button variant="secondary" onClick={showEarlier} className="mb-4 self-center">
              {texts.showEarlier}
            </Button>
          )}
          <ol className="flex flex-col">
            {rows.map((row) => (
              <TimelineRow key={row.key} row={row} onRetry={chat.retry} />
            ))}
          </ol>
        </div>
      </section>
      {!chat.isAtNewest && !isEmpty && <JumpToNewest unread={chat.unread} onClick={jumpToNewest} />}
    </div>
  );
}

function TimelineRow({ row, onRetry }: { row: Row; onRetry: (key: string) => void }) {
  switch (row.kind) {
    case 'day':
      return <DayRow day={row.day} />;
    case 'new':
      return <NewRow />;
    case 'message':
      return <MessageItem message={row.message} continues={row.continues} onRetry={onRetry} />;
  }
}

function DayRow({ day }: { day: Date }) {
  const { chat: texts } = useTexts();
  const language = useLanguage();
  const now = new Date();
  const nearby = [texts.today, texts.yesterday][daysBetween(day, now)];
  return (
    <li
      data-testid="chat-day"
      className="mt-5 mb-1 text-center text-xs font-medium text-muted first:mt-0"
    >
      {nearby ?? dayName(day, now, language)}
    </li>
  );
}

function NewRow() {
  const { chat: texts } = useTexts();
  return (
    <li
      data-testid="chat-new-line"
      className="mt-4 flex items-center gap-3 text-xs font-medium text-accent before:h-px before:flex-1 before:bg-current after:h-px after:flex-1 after:bg-current"
    >
      {texts.newMessages}
    </li>
  );
}

function JumpToNewest({ unread, onClick }: { unread: number; onClick: () => void }) {
  const { chat: texts } = useTexts();
  const words = unread > 0 ? texts.unread(unread) : null;
  return (
    <div className="pointer-events-none absolute inset-x-0 bottom-3 flex justify-center">
      <Button
        variant={words ? 'primary' : 'secondary'}
        onClick={onClick}
        aria-label={words ?? texts.jumpToNewest}
        title={texts.jumpToNewest}
        className="pointer-events-auto rounded-full px-3.5 text-sm shadow-lg"
        data-testid="jump-to-newest"
      >
        {words}
        <ArrowDown aria-hidden className="size-5" />
      </Button>
    </div>
  );
}
