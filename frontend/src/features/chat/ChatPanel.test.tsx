// The chat panel in use.

import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it, vi } from 'vitest';
import { limits } from '../../signaling/client';
import { ChatPanel } from './ChatPanel';
import type { ChatMessage } from './chatMessage';
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
  const onClose = vi.fn();
  const view = (shown: ChatView) => (
    <ChatPanel chat={shown} onClose={onClose} onSaveTranscript={vi.fn()} />
  );
  const { rerender } = render(view(chat));
  const change = (changed: Partial<ChatView>) => rerender(view({ ...chat, ...changed }));
  return { chat, change, onClose, input: screen.getByRole('textbox', { name: 'Message' }) };
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

  it('sends no empty message', async () => {
    const { chat, input } = open();
    await userEvent.type(input, '  {Enter}');
    expect(chat.write).not.toHaveBeenCalled();
  });

  it('counts bytes, and reports the excess', async () => {
    const { chat, input } = open();
    await userEvent.click(input);
    await userEvent.paste('ü'.repeat(limits.messageBytes / 2 + 1));
    expect(screen.getByRole('alert').textContent).toContain('too long');
    await userEvent.keyboard('{Enter}');
    expect(chat.write).not.toHaveBeenCalled();
  });

  it('shows markup as text', () => {
    open([{ ...message, text: '<b>bold</b>' }]);
    expect(screen.getByTestId('chat-message').textContent).toContain('<b>bold</b>');
  });

  it('sends a failed message again on request', async () => {
    const { chat } = open([{ ...message, delivery: 'failed' }]);
    await userEvent.click(screen.getByRole('button', { name: /try again/i }));
    expect(chat.retry).toHaveBeenCalledExactlyOnceWith('1');
  });

  it('marks a delivered message that is not stored, without a retry', () => {
    open([{ ...message, delivery: 'delivered' }]);
    expect(screen.getByTestId('chat-message').textContent).toContain('the chat is full');
    expect(screen.queryByRole('button', { name: /try again/i })).toBeNull();
  });

  it('makes links of web addresses only', () => {
    open([{ ...message, text: 'See www.example.com, not javascript:alert(1).' }]);
    const link = screen.getByRole('link');
    expect(link.textContent).toBe('www.example.com');
    expect(link.getAttribute('href')).toBe('https://www.example.com/');
    expect(link.getAttribute('rel')).toBe('noopener noreferrer nofollow');
    expect(link.getAttribute('target')).toBe('_blank');
  });

  it('announces incoming messages, but not the history', () => {
    const { change } = open([message]);
    expect(screen.getByTestId('chat-announcer').textContent).toBe('');
    const latest = { ...message, key: '2', mine: false, name: 'Bob', text: 'Good morning' };
    change({ messages: [message, latest], latest });
    expect(screen.getByTestId('chat-announcer').textContent).toBe('Bob: Good morning');
  });

  it('shows a long message in part, and in full on request', async () => {
    open([{ ...message, text: `${'word '.repeat(2_000)}end` }]);
    expect(screen.queryByText(/end$/)).toBeNull();
    await userEvent.click(screen.getByRole('button', { name: 'Show all' }));
    expect(screen.getByText(/end$/)).toBeTruthy();
    await userEvent.click(screen.getByRole('button', { name: 'Show less' }));
    expect(screen.queryByText(/end$/)).toBeNull();
  });

  it('names recent days by their distance', () => {
    const at = (daysAgo: number) => new Date(Date.now() - daysAgo * 24 * 3_600_000);
    open([0, 1, 2].map((age) => ({ ...message, key: `${age}`, sentAt: at(2 - age) })));
    const days = screen.getAllByTestId('chat-day').map((day) => day.textContent);
    expect(days.slice(1)).toEqual(['Yesterday', 'Today']);
    expect(days[0]).toMatch(/^\w+day, /);
  });

  it('offers a reader further up a way to the newest message', () => {
    const { change } = open([message]);
    expect(screen.queryByTestId('jump-to-newest')).toBeNull();
    change({ isAtNewest: false });
    screen.getByRole('button', { name: 'Jump to the newest message' });
    change({ isAtNewest: false, unread: 2 });
    screen.getByRole('button', { name: '2 new messages' });
  });

  it('shows the newest of a very long history, and more on request', async () => {
    open(Array.from({ length: 450 }, (_, index) => ({ ...message, key: `${index}` })));
    const count = () => screen.getAllByTestId('chat-message').length;
    const more = () => screen.queryByRole('button', { name: 'Show earlier messages' });
    expect(count()).toBe(200);
    await userEvent.click(more() as HTMLElement);
    await userEvent.click(more() as HTMLElement);
    expect(count()).toBe(450);
    expect(more()).toBeNull();
  });

  it('closes with Escape', async () => {
    const { input, onClose } = open();
    await userEvent.type(input, '{Escape}');
    expect(onClose).toHaveBeenCalledOnce();
  });
});
