// The ways into a room and out of it, with a fake server.

import { act, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ChatStore } from '../features/chat/chatStore';
// Loaded beforehand: tests wait for what happens, not for modules.
import '../pages/OpenRoom';
import { openVisit } from '../pages/visit';
import { Call } from '../rtc/call';
import { LocalMedia } from '../rtc/media';
import { FakeSignaling } from '../signaling/fake';
import { App } from './App';

vi.mock('../pages/visit');

let signaling: FakeSignaling;

beforeEach(() => {
  vi.mocked(openVisit)
    .mockReset()
    .mockImplementation((_appointmentId, name) => {
      signaling = new FakeSignaling();
      const media = new LocalMedia();
      const call = new Call({ signaling, media });
      const archive = { save: async () => {}, saveInPassing: () => {} };
      const chat = new ChatStore({ name, signaling, archive });
      return { call, media, chat, leave: () => call.leave(), close: () => call.close() };
    });
});

function goTo(address: string): void {
  window.history.replaceState(null, '', address);
  render(<App />);
}

const value = (testId: string) => screen.getByTestId<HTMLInputElement>(testId).value;
const state = () => screen.getByTestId('call-state').dataset.state;

describe('the first page', () => {
  it('takes what the link knows', () => {
    goTo('/?appointment_id=42&name=Ann');
    expect([value('appointment-input'), value('name-input')]).toEqual(['42', 'Ann']);
  });

  it('explains what is missing, and lets nobody in without it', async () => {
    goTo('/');
    await userEvent.click(screen.getByTestId('join-button'));
    expect(screen.getByText('Please enter your appointment number.')).toBeTruthy();
    expect(screen.getByText('Please enter your name.')).toBeTruthy();
    expect(openVisit).not.toHaveBeenCalled();
  });

  it('leads into the room, and remembers the name', async () => {
    goTo('/?appointment_id=Zahn+7');
    await userEvent.type(screen.getByTestId('name-input'), ' Ann {Enter}');
    expect(window.location.pathname).toBe('/room/Zahn%207');
    expect(openVisit).toHaveBeenCalledExactlyOnceWith('Zahn 7', 'Ann');
  });
});

describe('the room', () => {
  it('is entered at once by a link with a name', () => {
    goTo('/room/42?name=Ann');
    expect(openVisit).toHaveBeenCalledExactlyOnceWith('42', 'Ann');
  });

  it('asks for the name where the link has none', () => {
    goTo('/room/42');
    expect(value('appointment-input')).toBe('42');
    expect(openVisit).not.toHaveBeenCalled();
  });

  it('says what is going on', async () => {
    goTo('/room/42?name=Ann');
    await screen.findByTestId('call-state');
    expect(state()).toBe('connecting');
    act(() => signaling.join());
    expect(state()).toBe('waiting');
    act(() => {
      signaling.emit({ type: 'peerJoined', peer: { id: 'bob', name: 'Bob', connected: false } });
    });
    expect(state()).toBe('reconnecting');
    expect(screen.getByRole('heading', { name: /Bob/ })).toBeTruthy();
  });

  it('can be entered again after leaving', async () => {
    goTo('/room/42?name=Ann');
    act(() => signaling.join());
    await userEvent.click(await screen.findByTestId('leave-button'));
    expect(state()).toBe('ended');
    await userEvent.click(screen.getByTestId('reopen-button'));
    expect(openVisit).toHaveBeenCalledTimes(2);
    await screen.findByTestId('leave-button');
    expect(state()).toBe('connecting');
  });
});
