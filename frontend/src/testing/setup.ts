// Runs before every test file: replaces what jsdom lacks by the fakes in this folder.
//
// Tests with a real browser find elements by these attributes, which must stay as they are:
//
//   data-testid          element
//   appointment-input    field of the first page
//   name-input           field of the first page
//   join-button          submits the first page
//   prejoin              the page before the room
//   prejoin-name-input   its field for the name, where the link has none or it is to be changed
//   prejoin-join-button  joins the room
//   prejoin-mute-button, prejoin-camera-button
//                        turn microphone and camera on and off before joining
//   mic-level            role="meter": level of the microphone
//   camera-select, microphone-select, speaker-select
//                        <select> of the device to use
//   speaker-test-button  plays a test sound
//   device-help          problem of a device and its remedy; data-problem is denied, dismissed,
//                        system, absent, busy, insecure, unsupported or embedded
//   connection-check-button
//                        starts the connection check
//   connection-check-result
//                        data-verdict: pending, good, doubtful or bad
//   connection-line      result of one kind; data-kind is server, webSocket, local, stun or relay;
//                        data-outcome is pending, good, fair, bad, none or unknown
//   call-state           state of the call; data-state is connecting, waiting, connected,
//                        reconnecting, unreachable, full, replaced or ended
//   ending               screen in place of a call; data-ending is left, full, seat-held, replaced,
//                        refused, unreachable, other-tab, invalidAppointment, notFound or crashed
//   reopen-button        opens the room again, where data-state is replaced or ended
//   try-now-button       “Try now”, where data-state is full
//   seat-countdown       role="timer": seconds until the page joins, in data-seconds; only where
//                        data-ending is seat-held
//   another-appointment-link
//                        leads from there to the first page
//   unreachable          “Try now”, where the server was unreachable on joining
//   other-tab            asks which tab to use when another one is in the appointment
//   use-this-tab-button  takes the seat over from that tab
//   join-as-another-button
//                        joins as a second participant
//   transcript-button    saves the chat as a file, in the chat and after a visit
//   language-select      chooses the page's language
//   local-video          <video> with the own picture, before joining and in the room
//   remote-video         <video> of the other participant
//   mute-button          microphone on and off
//   camera-button        camera on and off
//   leave-button         ends the visit
//   share-button         shares the screen, or stops; in the menu where the window is narrow
//   more-button          opens the menu with these:
//   flip-button          front and back camera, where there are both
//   devices-button       the device dialog
//   fullscreen-button    full screen mode
//   pip-button           picture-in-picture
//   invite-button        copies or shares the link to this appointment
//   arrival-sound-button turns the sound of an arrival on and off
//   shortcuts-button     opens shortcuts-dialog, the list of keyboard shortcuts
//   quality-sign         opens quality-details; data-quality is good, fair or poor, data-path is
//                        direct or relayed
//   call-timer           duration of the call
//   own-tile             contains local-video; data-corner names its corner: start or end, twice
//   peer-muted           the other participant is muted,
//   peer-camera-off      has the camera off,
//   peer-sharing         shares the screen,
//   peer-reconnecting    or is reconnecting
//   video-paused         notice of a paused video; data-whose is own or peer
//   remote-audio         <audio> of the other participant
//   media-notice         names a missing device and the reason
//   chat-toggle          opens the chat; only where the window is narrower than 64rem
//   chat-input           text field for a message
//   chat-send            sends the message
//   chat-day             heading of a day's messages
//   chat-new-line        line above the new messages
//   jump-to-newest       scrolls to the newest message; only while it is out of view
//   chat-message         one per message; own ones have data-delivery: sending, sent, delivered
//                        (the history is full) or failed

import { cleanup } from '@testing-library/react';
import { afterEach, beforeEach, vi } from 'vitest';
import { FakeAudioContext, FakeAudioNode } from './fakeAudio';
import { FakeDevices, FakeMediaStream } from './fakeMedia';
import { FakePeerConnection } from './fakePeerConnection';

/** jsdom has no layout, so sizes never change. */
class FakeResizeObserver {
  observe(): void {}
  disconnect(): void {}
}

beforeEach(() => {
  FakePeerConnection.made = [];
  vi.stubGlobal('RTCPeerConnection', FakePeerConnection);
  vi.stubGlobal('MediaStream', FakeMediaStream);
  vi.stubGlobal('ResizeObserver', FakeResizeObserver);
  // Node's BroadcastChannel would connect tests with each other.
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
