// A chat, as components see it.

import { useEffect } from 'react';
import { useStore } from '../../lib/useStore';
import type { ChatSnapshot, ChatStore } from './chatStore';

export interface ChatView extends ChatSnapshot {
  write(body: string): void;
  retry(key: string): void;
}

export function useChat(chat: ChatStore, isInSight: boolean): ChatView {
  useEffect(() => chat.setBeingRead(isInSight), [chat, isInSight]);
  return {
    ...useStore(chat.snapshot),
    write: (body) => chat.write(body),
    retry: (key) => chat.retry(key),
  };
}
