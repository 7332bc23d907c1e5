// When an incoming message counts as read.

import { act, renderHook } from '@testing-library/react';
import { describe, expect, it, vi } from 'vitest';
import { unreadBadge } from '../../lib/unreadBadge';
import { FakeSignaling } from '../../testing/fakeSignaling';
import { ChatStore } from './chatStore';
import { useChat } from './useChat';

const archive = { save: async () => {}, saveOnUnload: () => {} };

function open(isInSight: boolean) {
  const signaling = new FakeSignaling();
  const store = new ChatStore({ name: 'Ann', signaling, archive });
  const { result } = renderHook(() => useChat(store, isInSight));
  act(() => signaling.join());
  let count = 0;
  const hear = () => {
    count += 1;
    const message = { id: `${count}`, from: 'bob', name: 'Bob', body: 'hello', sentAt: '' };
    act(() => signaling.emit({ type: 'message', message }));
  };
  return { result, hear };
}

function show(visibilityState: DocumentVisibilityState): void {
  vi.spyOn(document, 'visibilityState', 'get').mockReturnValue(visibilityState);
  act(() => void document.dispatchEvent(new Event('visibilitychange')));
}

describe('a message', () => {
  it('that is visible is read', () => {
    const { result, hear } = open(true);
    hear();
    expect(result.current.unread).toBe(0);
  });

  it('in a hidden page is unread, and counted in the title', () => {
    const { result, hear } = open(true);
    show('hidden');
    hear();
    hear();
    expect(unreadBadge.get()).toBe(2);
    show('visible');
    expect(unreadBadge.get()).toBe(0);
    expect(result.current.newSince).toBe('1');
  });

  it('below the visible part is unread until it is scrolled to', () => {
    const { result, hear } = open(true);
    act(() => result.current.setAtNewest(false));
    hear();
    expect(result.current.unread).toBe(1);
    act(() => result.current.setAtNewest(true));
    expect(result.current.unread).toBe(0);
  });
});
