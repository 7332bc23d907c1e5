// Entering and leaving a room, with a fake server.

import { act, cleanup, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ChatStore } from '../features/chat/chatStore';
// Imported in advance, so that no test waits for a lazy module.
import '../pages/OpenRoom';
import { openVisit } from '../pages/visit';
import { VisitRecorder } from '../pages/visitRecord';
import { Call } from '../rtc/call/call';
import { LocalMedia } from '../rtc/media/localMedia';
import { seatStorageFor } from '../signaling/seatStorage';
import { FakeDevices } from '../testing/fakeMedia';
import { FakeSignaling } from '../testing/fakeSignaling';
import { App } from './App';

vi.mock('../pages/visit');

let signaling: FakeSignaling;

beforeEach(() => {
  vi.mocked(openVisit)
    .mockReset()
    .mockImplementation((_appointmentId, name, media) => {
      signaling = new FakeSignaling();
      const call = new Call({ signaling, media });
      const archive = { save: async () => {}, saveOnUnload: () => {} };
      const chat = new ChatStore({ name, signaling, archive });
      const recorder = new VisitRecorder(signaling);
      const leave = () => {
        recorder.end();
        call.leave();
      };
      const close = () => call.close();
      return { signaling, call, media, chat, record: recorder.record, leave, close };
    });
});

async function goTo(address: string): Promise<void> {
  window.history.replaceState(null, '', address);
  // Waits until the other tabs have been asked.
  await act(async () => void render(<App />));
  await act(() => vi.dynamicImportSettled());
}

const value = (testId: string) => screen.getByTestId<HTMLInputElement>(testId).value;
const state = () => screen.getByTestId('call-state').dataset.state;
const anyMedia = expect.any(LocalMedia);

/** Enters the room by a link with a name. */
async function enter(): Promise<void> {
  await goTo('/room/42?name=Ann');
  await userEvent.click(screen.getByTestId('prejoin-join-button'));
  await screen.findByTestId('call-state');
}

describe('the first page', () => {
  it('fills in what the link contains', async () => {
    await goTo('/?appointment_id=42&name=Ann');
    expect([value('appointment-input'), value('name-input')]).toEqual(['42', 'Ann']);
  });

  it('focuses the first missing field', async () => {
    await goTo('/?appointment_id=42');
    expect(document.activeElement).toBe(screen.getByTestId('name-input'));
  });

  it('reports missing fields, focuses the first, and stays on the page', async () => {
    await goTo('/?name=Ann');
    await userEvent.clear(screen.getByTestId('name-input'));
    await userEvent.click(screen.getByTestId('join-button'));
    expect(screen.getByText('Please enter your appointment number.')).toBeTruthy();
    expect(screen.getByText('Please enter your name.')).toBeTruthy();
    expect(document.activeElement).toBe(screen.getByTestId('appointment-input'));
    expect(window.location.pathname).toBe('/');
  });

  it('leads to the room in one more click', async () => {
    await goTo('/?appointment_id=Zahn+7');
    await userEvent.type(screen.getByTestId('name-input'), ' Ann {Enter}');
    expect(window.location.pathname).toBe('/room/Zahn%207');
    await userEvent.click(await screen.findByTestId('prejoin-join-button'));
    await screen.findByTestId('call-state');
    expect(openVisit).toHaveBeenCalledExactlyOnceWith('Zahn 7', 'Ann', anyMedia);
  });
});

describe('the way into the room', () => {
  it('needs one click where the link has a name', async () => {
    await goTo('/room/42?name=Ann');
    expect(screen.queryByTestId('prejoin-name-input')).toBeNull();
    expect(openVisit).not.toHaveBeenCalled();
    await userEvent.click(screen.getByTestId('prejoin-join-button'));
    await screen.findByTestId('call-state');
    expect(openVisit).toHaveBeenCalledExactlyOnceWith('42', 'Ann', anyMedia);
  });

  it('asks for the name where the link has none, and remembers it', async () => {
    await goTo('/room/42');
    await userEvent.click(screen.getByTestId('prejoin-join-button'));
    expect(screen.getByText('Please enter your name.')).toBeTruthy();
    expect(document.activeElement).toBe(screen.getByTestId('prejoin-name-input'));
    await userEvent.keyboard('Ann{Enter}');
    await screen.findByTestId('call-state');
    expect(openVisit).toHaveBeenCalledExactlyOnceWith('42', 'Ann', anyMedia);
    cleanup();
    await goTo('/room/43');
    expect(screen.getByText('Ann')).toBeTruthy();
  });

  it('replaces the name of the link, also after a reload', async () => {
    await goTo('/room/42?name=Ann');
    await userEvent.click(screen.getByText('Change name'));
    await userEvent.clear(screen.getByTestId('prejoin-name-input'));
    await userEvent.type(screen.getByTestId('prejoin-name-input'), 'Bob{Enter}');
    await screen.findByTestId('call-state');
    expect(openVisit).toHaveBeenCalledExactlyOnceWith('42', 'Bob', anyMedia);
    expect(window.location.search).toBe('');
  });

  it('is skipped by a tab that holds a seat', async () => {
    seatStorageFor('42', 'Ann').write({ participant: 'ann', session: 'a session' });
    await goTo('/room/42?name=Ann');
    await screen.findByTestId('call-state');
    expect(screen.queryByTestId('prejoin')).toBeNull();
  });

  it('keeps microphone and camera off as before', async () => {
    new FakeDevices().install();
    await goTo('/room/42?name=Ann');
    await screen.findByTestId('mic-level');
    await userEvent.click(screen.getByTestId('prejoin-mute-button'));
    await userEvent.click(screen.getByTestId('prejoin-camera-button'));
    await userEvent.click(screen.getByTestId('prejoin-join-button'));
    await screen.findByTestId('call-state');
    expect(screen.getByTestId('mute-button').textContent).toBe('Unmute');
    expect(screen.getByTestId('camera-button').ariaLabel).toBe('Turn the camera on');
  });

  it('requests the devices once', async () => {
    const devices = new FakeDevices().install();
    await enter();
    expect(devices.getUserMedia).toHaveBeenCalledOnce();
    expect(devices.inUse).toHaveLength(2);
  });
});

describe('the room', () => {
  it('shows the state of the call', async () => {
    await enter();
    expect(state()).toBe('connecting');
    act(() => signaling.join());
    expect(state()).toBe('waiting');
    act(() => {
      signaling.emit({ type: 'peerJoined', peer: { id: 'bob', name: 'Bob', connected: false } });
    });
    expect(state()).toBe('reconnecting');
    expect(screen.getByRole('heading', { name: /Bob/ })).toBeTruthy();
  });

  it('without a free seat waits, and opens when a seat is free', async () => {
    await enter();
    await act(async () => signaling.emit({ type: 'roomFull', seat: 'taken' }));
    expect(state()).toBe('full');
    expect(screen.queryByTestId('chat-input')).toBeNull();
    await userEvent.click(screen.getByTestId('try-now-button'));
    expect(signaling.retries).toBe(1);
    await act(async () => signaling.join());
    expect(state()).toBe('waiting');
    screen.getByTestId('chat-input');
  });

  it('that is full on return shows nothing of its chat', async () => {
    await enter();
    const chats = [{ id: '1', from: 'bob', name: 'Bob', body: 'a secret' }];
    act(() => signaling.join({ chats }));
    screen.getByText('a secret');
    await act(async () => signaling.loseConnection());
    await act(async () => signaling.emit({ type: 'roomFull', seat: 'held' }));
    expect(state()).toBe('full');
    expect(screen.queryByText('a secret')).toBeNull();
    screen.getByTestId('transcript-button');
    await userEvent.click(screen.getByTestId('another-appointment-link'));
    expect(value('appointment-input')).toBe('');
  });

  it('can be joined again after leaving, without the pre-join page', async () => {
    await enter();
    act(() => signaling.join());
    await userEvent.click(await screen.findByTestId('leave-button'));
    expect(state()).toBe('ended');
    await userEvent.click(screen.getByTestId('reopen-button'));
    expect(openVisit).toHaveBeenCalledTimes(2);
    await screen.findByTestId('leave-button');
    expect(state()).toBe('connecting');
  });
});
