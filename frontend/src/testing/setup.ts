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
//   prejoin              the page before the room
//   prejoin-name-input   there: field for the name, where the link has none or it is to be changed
//   prejoin-join-button  there: leads into the room
//   prejoin-mute-button, prejoin-camera-button
//                        there: microphone and camera on and off
//   mic-level            role="meter": how loud the microphone is
//   camera-select, microphone-select, speaker-select
//                        <select> of the device to use
//   speaker-test-button  plays a sound
//   device-help          what is wrong with a device and how to mend it; data-problem is denied,
//                        dismissed, system, absent, busy, insecure, unsupported or embedded
//   connection-check-button
//                        begins the check of the connection
//   connection-check-result
//                        data-verdict: pending, good, doubtful or bad
//   connection-line      one per thing that is checked; data-kind is server, webSocket, local, stun
//                        or relay; data-outcome is pending, good, fair, bad, none or unknown
//   call-state           state of the call, in data-state: connecting, waiting, connected,
//                        reconnecting, unreachable, full, replaced or ended
//   ending               a screen in place of the call; which one is in data-ending: left, full,
//                        seat-held, replaced, refused, unreachable, other-tab, invalidAppointment,
//                        notFound or crashed
//   reopen-button        the way back in, where data-state is replaced or ended
//   try-now-button       “Try now”, where data-state is full: there the page waits for a free seat
//   seat-countdown       role="timer": when the page joins by itself, in data-seconds; only where
//                        data-ending is seat-held
//   another-appointment-link
//                        leads away from there, to the first page
//   unreachable          “Try now”, where the server was not reached at joining
//   other-tab            asks somebody who sits in the appointment in another tab already
//   use-this-tab-button  takes the seat from that tab
//   join-as-another-button  joins besides it
//   transcript-button    saves the chat as a file; in the chat, and when a visit is over
//   language-select      chooses the page's language; only where there are several
//   local-video          <video> with the own picture, before joining and in the room
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
//   chat-day             names the day of the messages below it
//   chat-new-line        stands where reading stopped
//   jump-to-newest       only while somebody reads further up
//   chat-message         one per message; own ones carry data-delivery: sending, sent,
//                        delivered (the history is full) or failed

import { cleanup } from '@testing-library/react';
import { afterEach, beforeEach, vi } from 'vitest';
import { FakeAudioContext, FakeAudioNode } from './fakeAudio';
import { FakeDevices, FakeMediaStream } from './fakeMedia';
import { FakePeerConnection } from './fakePeerConnection';

/** Nothing has a size here. */
class FakeResizeObserver {
  observe(): void {}
  disconnect(): void {}
}

beforeEach(() => {
  FakePeerConnection.made = [];
  vi.stubGlobal('RTCPeerConnection', FakePeerConnection);
  vi.stubGlobal('MediaStream', FakeMediaStream);
  vi.stubGlobal('ResizeObserver', FakeResizeObserver);
  // Node's own would tell tests of each other.
  vi.stubGlobal('BroadcastChannel', undefined);
  FakeAudioContext.reset();
  vi.stubGlobal('AudioContext', FakeAudioContext);
  vi.stubGlobal('OscillatorNode', FakeAudioNode);
  vi.stubGlobal('GainNode', FakeAudioNode);
  vi.stubGlobal('matchMedia', () => Object.assign(new EventTarget(), { matches: true }));
  vi.spyOn(HTMLMediaElement.prototype, 'play').mockResolvedValue();
  HTMLDialogElement.prototype.showModal = function () {
    this.open = true;
  };
  HTMLDialogElement.prototype.close = function () {
    this.open = false;
  };
});

afterEach(() => {
  cleanup();
  FakeDevices.uninstall();
  window.sessionStorage.clear();
  window.localStorage.clear();
  vi.useRealTimers();
});
