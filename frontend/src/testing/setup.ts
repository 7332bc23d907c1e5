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
//   share-button         shares the screen, or stops; in the menu where the window is narrow
//   more-button          opens the menu with these:
//   flip-button          front and back camera, where there are both
//   devices-button       the choice of devices
//   fullscreen-button    the page without the browser around it
//   pip-button           the small window on top
//   invite-button        copies the link to this appointment, or sends it
//   arrival-sound-button whether a sound tells that somebody arrives
//   shortcuts-button     opens shortcuts-dialog, the list of keys
//   quality-sign         how well the connection does, in data-quality: good, fair or poor; and which
//                        way it takes, in data-path: direct or relayed. Opens quality-details
//   call-timer           for how long the two have been talking
//   own-tile             what local-video is in; its corner in data-corner: start or end, twice
//   peer-muted           the other one is not to be heard,
//   peer-camera-off      not to be seen,
//   peer-sharing         shows their screen,
//   peer-reconnecting    or is out of reach for the moment
//   video-paused         a picture has given way to the sound; data-whose: own or peer
//   remote-audio         <audio> with the other one's voice
//   media-notice         says which device is missing, and why
//   chat-toggle          opens the chat; only where the window is narrower than 64rem
//   chat-input           where messages are written
//   chat-send            sends them
//   chat-message         one per message; own ones carry data-delivery: sending, sent or failed

import { cleanup } from '@testing-library/react';
import { afterEach, beforeEach, vi } from 'vitest';
import { FakeMediaStream } from './fakeMedia';
import { FakePeerConnection } from './fakePeerConnection';

class FakeResizeObserver {
  observe(): void {}
  disconnect(): void {}
}

beforeEach(() => {
  FakePeerConnection.made = [];
  vi.stubGlobal('RTCPeerConnection', FakePeerConnection);
  vi.stubGlobal('MediaStream', FakeMediaStream);
  vi.stubGlobal('ResizeObserver', FakeResizeObserver);
  vi.stubGlobal('matchMedia', () => Object.assign(new EventTarget(), { matches: true }));
  vi.spyOn(HTMLMediaElement.prototype, 'play').mockResolvedValue();
});

afterEach(() => {
  cleanup();
  window.sessionStorage.clear();
  window.localStorage.clear();
  vi.useRealTimers();
});
