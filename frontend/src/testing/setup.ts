// Runs before every test file. Tests need neither a browser nor a server: what jsdom lacks is
// faked here and in the files beside this one.
//
// The other way round, tests that drive a real browser find their way by these attributes, which
// therefore stay as they are:
//
//   data-testid          what it is
//   appointment-input    field of the first page
//   name-input           field of the first page
//   join-button          submits the first page
//   call-state           state of the call, in data-state: connecting, waiting, connected,
//                        reconnecting, unreachable, full, replaced or ended
//   reopen-button        the way back in, where data-state is full, replaced or ended
//   local-video          <video> with the own picture
//   remote-video         <video> with the other one's picture
//   mute-button          microphone on and off
//   camera-button        camera on and off
//   leave-button         ends the visit
//   media-notice         says which device is missing, and why
//   chat-toggle          opens the chat; only where the window is narrower than 64rem
//   chat-input           where messages are written
//   chat-send            sends them
//   chat-message         one per message; own ones carry data-delivery: sending, sent or failed

import { cleanup } from '@testing-library/react';
import { afterEach, beforeEach, vi } from 'vitest';
import { FakeMediaStream } from './fakeMedia';
import { FakePeerConnection } from './fakePeerConnection';

beforeEach(() => {
  FakePeerConnection.made = [];
  vi.stubGlobal('RTCPeerConnection', FakePeerConnection);
  vi.stubGlobal('MediaStream', FakeMediaStream);
  vi.stubGlobal('matchMedia', () => Object.assign(new EventTarget(), { matches: true }));
  vi.spyOn(HTMLMediaElement.prototype, 'play').mockResolvedValue();
});

afterEach(() => {
  cleanup();
  window.sessionStorage.clear();
  window.localStorage.clear();
  vi.useRealTimers();
});
