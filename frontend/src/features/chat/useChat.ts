// A chat as state for components.

import { useEffect, useState } from 'react';
import { setUnreadBadge } from '../../lib/unreadBadge';
import { usePageVisible } from '../../lib/usePageVisible';
import { useStore } from '../../lib/useStore';
import type { ChatSnapshot, ChatStore } from './chatStore';

export interface ChatView extends ChatSnapshot {
  /** False while the user has scrolled up. */
  isAtNewest: boolean;
  setAtNewest: (isAtNewest: boolean) => void;
  write: (body: string) => void;
  retry: (key: string) => void;
}

/** @param isInSight whether the panel is shown */
export function useChat(chat: ChatStore, isInSight: boolean): ChatView {
  const snapshot = useStore(chat.snapshot);
  const isPageVisible = usePageVisible();
  const [isAtNewest, setAtNewest] = useState(true);
  const isBeingRead = isInSight && isPageVisible && isAtNewest;
  const { unread } = snapshot;

  useEffect(() => chat.setVisible(isBeingRead), [chat, isBeingRead]);
  useEffect(() => {
    setUnreadBadge(unread);
    return () => setUnreadBadge(0);
  }, [unread]);

  return {
    ...snapshot,
    isAtNewest,
    setAtNewest,
    write: (body) => chat.write(body),
    retry: (key) => chat.retry(key),
  };
}
