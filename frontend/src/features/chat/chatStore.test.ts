// The chat store, with a fake server and a fake archive.

import { beforeEach, describe, expect, it, vi } from 'vitest';
import { type IncomingMessage, SignalingError } from '../../signaling/client';
import { FakeSignaling } from '../../testing/fakeSignaling';
import { ChatStore, SAVE_INTERVAL_MS } from './chatStore';
import { type ReadPositionStorage, readPositionStorage } from './readPosition';

beforeEach(() => {
  vi.useFakeTimers({ now: new Date('2026-01-01T09:00:00.000Z') });
});

function open(readPosition?: ReadPositionStorage) {
  const signaling = new FakeSignaling();
  const archive = { save: vi.fn(async (_chats: unknown[]) => {}), saveOnUnload: vi.fn() };
  const chat = new ChatStore({ name: 'Ann', signaling, archive, readPosition });
  const shown = () => chat.snapshot.get().messages.map(({ text, delivery }) => [text, delivery]);
  return { signaling, archive, chat, shown };
}

async function flushTasks(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
}

function fromBob(id: string, body: string): { type: 'message'; message: IncomingMessage } {
  const sentAt = '2026-01-01T09:15:00.000Z';
  return { type: 'message', message: { id, from: 'bob', name: 'Bob', body, sentAt } };
}

function saved(id: string, body: string) {
  return { id, from: 'me', name: 'Ann', body, sent_at: '2026-01-01T09:30:00.000Z' };
}

describe('messages', () => {
  it('are sending until the server has stored them', async () => {
    const { signaling, chat, shown } = open();
    signaling.join();
    chat.write('hello');
    expect(shown()).toEqual([['hello', 'sending']]);
    await flushTasks();
    expect(shown()).toEqual([['hello', 'sent']]);
  });

  it('follow the history, whatever its shape', async () => {
    const { signaling, shown } = open();
    signaling.join({ chats: [{ sender: 'Bob', text: 'old' }, saved('1', 'mine')] });
    signaling.emit(fromBob('2', 'new'));
    expect(shown()).toEqual([
      ['old', null],
      ['mine', 'sent'],
      ['new', null],
    ]);
  });

  it('are shown once although the history repeats them', async () => {
    const { signaling, shown } = open();
    signaling.join();
    signaling.emit(fromBob('1', 'hello'));
    signaling.loseConnection();
    signaling.join({ chats: [fromBobSaved('1', 'hello')] });
    signaling.emit(fromBob('1', 'hello'));
    expect(shown()).toEqual([['hello', null]]);
  });

  it('are shown once although the server repeats them', () => {
    const { signaling, shown } = open();
    signaling.join();
    signaling.emit(fromBob('1', 'hello'));
    signaling.emit(fromBob('1', 'hello'));
    expect(shown()).toEqual([['hello', null]]);
  });

  it('with the same id of two senders are different messages', () => {
    const { signaling, chat, shown } = open();
    const forged = { ...fromBobSaved('1', 'forged'), name: 'Mallory' };
    signaling.join({ chats: [saved('1', 'mine'), forged] });
    signaling.emit(fromBob('1', 'hello'));
    expect(shown()).toEqual([
      ['mine', 'sent'],
      ['forged', null],
      ['hello', null],
    ]);
    const keys = chat.snapshot.get().messages.map(({ key }) => key);
    expect(new Set(keys).size).toBe(3);
  });

  it('stay visible when the history cannot be read', () => {
    const { signaling, chat, shown } = open();
    signaling.join({ chats: [saved('1', 'mine')] });
    signaling.join({ chats: [], chatsAvailable: false });
    expect(shown()).toEqual([['mine', 'sent']]);
    expect(chat.snapshot.get().historyAvailable).toBe(false);
  });
});

describe('a new message', () => {
  function openAndRead() {
    const opened = open(readPositionStorage('42'));
    const { signaling, chat } = opened;
    chat.setVisible(true);
    signaling.join({ chats: [fromBobSaved('1', 'one')] });
    const news = () => {
      const { unread, newSince } = chat.snapshot.get();
      return { unread, newSince };
    };
    return { ...opened, news };
  }

  it('is counted while the chat is hidden, and marked when it is read', () => {
    const { signaling, chat, news } = openAndRead();
    chat.setVisible(false);
    signaling.emit(fromBob('2', 'two'));
    signaling.emit(fromBob('3', 'three'));
    expect(news()).toEqual({ unread: 2, newSince: '2' });
    chat.setVisible(true);
    expect(news()).toEqual({ unread: 0, newSince: '2' });
    signaling.emit(fromBob('4', 'four'));
    expect(news()).toEqual({ unread: 0, newSince: '2' });
  });

  it('is no longer marked once the chat was hidden, or an answer was written', () => {
    const { signaling, chat, news } = openAndRead();
    for (const done of [() => chat.setVisible(false), () => chat.write('yes')]) {
      chat.setVisible(false);
      signaling.emit(fromBob(done.toString(), 'news'));
      chat.setVisible(true);
      done();
      expect(news().newSince).toBeNull();
    }
  });

  it('is still new after a reload', () => {
    const first = openAndRead();
    first.chat.setVisible(false);
    first.signaling.emit(fromBob('2', 'two'));
    first.chat.close();

    const chats = ['1', '2', '3'].map((id) => fromBobSaved(id, id));
    const reloaded = open(readPositionStorage('42'));
    reloaded.signaling.join({ chats });
    expect(reloaded.chat.snapshot.get()).toMatchObject({ unread: 2, newSince: '2' });
    reloaded.chat.setVisible(true);

    const again = open(readPositionStorage('42'));
    again.signaling.join({ chats });
    expect(again.chat.snapshot.get()).toMatchObject({ unread: 0, newSince: null });
  });

  it('that was missed during a lost connection is marked, though the chat was visible', () => {
    const { signaling, news } = openAndRead();
    signaling.loseConnection();
    signaling.join({ chats: [fromBobSaved('1', 'one'), fromBobSaved('2', 'two')] });
    expect(news()).toEqual({ unread: 0, newSince: '2' });
  });

  it('is any message of the other participant before a late join', () => {
    const { signaling, chat } = open(readPositionStorage('42'));
    signaling.join({ chats: [fromBobSaved('1', 'one'), saved('2', 'mine')] });
    expect(chat.snapshot.get().unread).toBe(1);
  });

  it('is announced only when it arrives live', () => {
    const { signaling, chat } = openAndRead();
    expect(chat.snapshot.get().latest).toBeNull();
    signaling.emit(fromBob('2', 'two'));
    expect(chat.snapshot.get().latest).toMatchObject({ name: 'Bob', text: 'two' });
  });
});

describe('delivery', () => {
  it('of half a surrogate pair is recognised in the history', async () => {
    const { signaling, chat, shown } = open();
    signaling.join();
    chat.write('half \ud83d, whole \ud83d\ude00');
    await flushTasks();
    const { id = '', body = '' } = signaling.messages[0] ?? {};
    expect(body).toBe('half \ufffd, whole \ud83d\ude00');
    signaling.join({ chats: [saved(id, body)] });
    expect(shown()).toEqual([[body, 'sent']]);
  });

  it('is repeated after a lost connection, with the same id', async () => {
    const { signaling, chat, shown } = open();
    signaling.join();
    signaling.answer = () => Promise.reject(new SignalingError('disconnected'));
    chat.write('hello');
    signaling.loseConnection();
    await flushTasks();
    expect(shown()).toEqual([['hello', 'sending']]);
    signaling.answer = async () => {};
    signaling.join({ resumed: true });
    await flushTasks();
    expect(shown()).toEqual([['hello', 'sent']]);
    const [first, second] = signaling.messages;
    expect(second).toEqual(first);
  });

  it('that was refused waits for the user, and keeps the id', async () => {
    const { signaling, chat, shown } = open();
    signaling.join();
    signaling.answer = () => Promise.reject(new SignalingError('chats_full'));
    chat.write('hello');
    await flushTasks();
    signaling.join({ resumed: true });
    await flushTasks();
    expect(shown()).toEqual([['hello', 'failed']]);
    signaling.answer = async () => {};
    chat.retry(chat.snapshot.get().messages[0]?.key ?? '');
    await flushTasks();
    expect(shown()).toEqual([['hello', 'sent']]);
    const [first, second] = signaling.messages;
    expect(second).toEqual(first);
  });

  it('that the full history could not store is marked, and not sent again', async () => {
    const { signaling, archive, chat, shown } = open();
    signaling.join();
    signaling.answer = () => Promise.reject(new SignalingError('chats_full', true));
    chat.write('hello');
    await flushTasks();
    expect(shown()).toEqual([['hello', 'delivered']]);
    signaling.join({ resumed: true });
    await flushTasks();
    expect(signaling.messages).toHaveLength(1);
    signaling.emit(fromBob('1', 'hi'));
    await vi.advanceTimersByTimeAsync(SAVE_INTERVAL_MS);
    expect(archive.save.mock.lastCall?.[0]).toMatchObject([{ body: 'hi' }]);
  });

  it('that is not acknowledged fails', async () => {
    const { signaling, chat, shown } = open();
    signaling.join();
    signaling.answer = () => Promise.reject(new SignalingError('disconnected'));
    chat.write('hello');
    await flushTasks();
    expect(shown()).toEqual([['hello', 'failed']]);
  });
});

describe('saving', () => {
  it('saves the whole array with the history unchanged, while there is something new', async () => {
    const { signaling, archive, chat } = open();
    const odd = { odd: true };
    signaling.join({ chats: [odd] });
    chat.write('hello');
    await vi.advanceTimersByTimeAsync(SAVE_INTERVAL_MS);
    const id = signaling.messages[0]?.id ?? '';
    expect(archive.save).toHaveBeenLastCalledWith([odd, saved(id, 'hello')]);
    await vi.advanceTimersByTimeAsync(2 * SAVE_INTERVAL_MS);
    expect(archive.save).toHaveBeenCalledOnce();
  });

  it('is repeated after a failure', async () => {
    const { signaling, archive } = open();
    signaling.join();
    archive.save.mockRejectedValueOnce(new Error('no network'));
    signaling.emit(fromBob('1', 'hello'));
    await vi.advanceTimersByTimeAsync(3 * SAVE_INTERVAL_MS);
    expect(archive.save).toHaveBeenCalledTimes(2);
  });

  it('leaves out unacknowledged messages until the page closes', async () => {
    const { signaling, archive, chat } = open();
    signaling.join();
    signaling.loseConnection();
    chat.write('hello');
    signaling.emit(fromBob('1', 'hi'));
    await vi.advanceTimersByTimeAsync(SAVE_INTERVAL_MS);
    expect(archive.save.mock.lastCall?.[0]).toMatchObject([{ body: 'hi' }]);
    chat.saveOnUnload();
    expect(archive.saveOnUnload.mock.lastCall?.[0]).toMatchObject([
      { body: 'hello' },
      { body: 'hi' },
    ]);
  });

  it('happens once at the end, and not again', async () => {
    const { signaling, archive, chat } = open();
    signaling.join();
    signaling.emit(fromBob('1', 'hello'));
    await chat.finish();
    await vi.advanceTimersByTimeAsync(2 * SAVE_INTERVAL_MS);
    expect(archive.save).toHaveBeenCalledOnce();
  });
});

function fromBobSaved(id: string, body: string) {
  return { id, from: 'bob', name: 'Bob', body, sent_at: '2026-01-01T09:15:00.000Z' };
}
