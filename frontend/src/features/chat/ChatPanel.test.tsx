// The chat as somebody uses it.

import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it, vi } from 'vitest';
import { ChatPanel } from './ChatPanel';
import { MESSAGE_LIMIT_BYTES } from './Composer';
import type { ChatMessage } from './chatStore';
import type { ChatView } from './useChat';

function open(messages: ChatMessage[] = [], changes: Partial<ChatView> = {}) {
  const chat = {
    messages,
    historyAvailable: true,
    latest: null,
    unread: 0,
    newSince: null,
    isAtNewest: true,
    setAtNewest: vi.fn(),
    write: vi.fn(),
    retry: vi.fn(),
    ...changes,
  };
  render(<ChatPanel chat={chat} onSaveTranscript={vi.fn()} />);
  return { chat, input: screen.getByRole('textbox', { name: 'Message' }) };
}

const message: ChatMessage = {
  key: '1',
  mine: true,
  name: 'Ann',
  text: 'hello',
  sentAt: null,
  delivery: 'sent',
};

describe('the chat panel', () => {
  it('sends with Enter, and breaks the line with Shift+Enter', async () => {
    const { chat, input } = open();
    await userEvent.type(input, 'one{Shift>}{Enter}{/Shift}two{Enter}');
    expect(chat.write).toHaveBeenCalledExactlyOnceWith('one\ntwo');
    expect(input).toHaveProperty('value', '');
  });

  it('sends nothing empty', async () => {
    const { chat, input } = open();
    await userEvent.type(input, '  {Enter}');
    expect(chat.write).not.toHaveBeenCalled();
  });

  it('counts bytes, and says when there are too many', async () => {
    const { chat, input } = open();
    await userEvent.click(input);
    await userEvent.paste('ü'.repeat(MESSAGE_LIMIT_BYTES / 2 + 1));
    expect(screen.getByRole('alert').textContent).toContain('too long');
    await userEvent.keyboard('{Enter}');
    expect(chat.write).not.toHaveBeenCalled();
  });

  it('shows markup as the text it is', () => {
    open([{ ...message, text: '<b>bold</b>' }]);
    expect(screen.getByTestId('chat-message').textContent).toContain('<b>bold</b>');
  });

  it('lets a failed message be sent again', async () => {
    const { chat } = open([{ ...message, delivery: 'failed' }]);
    await userEvent.click(screen.getByRole('button', { name: /try again/i }));
    expect(chat.retry).toHaveBeenCalledExactlyOnceWith('1');
  });
});
