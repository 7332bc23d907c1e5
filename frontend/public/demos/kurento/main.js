// The page: a form to join, the tiles, and the chat.

import {
  addMessage,
  clearMessages,
  furnish,
  openMedia,
  SELF,
  stop,
  Tiles,
  turn,
} from '../room/room.js';
import { Call } from './call.js';

const $ = (id) => document.getElementById(id);
const notice = $('notice');

/** Small video: tiles are small, and each user receives one from every other. */
const VIDEO = { width: { ideal: 480 }, height: { ideal: 360 }, frameRate: { ideal: 24 } };

/** Track kind that each button turns off. */
const SWITCHES = { microphone: 'audio', camera: 'video' };

/** The current call, or null. */
let call = null;
let media = null;

/** Reason why the others do not receive this user's media; empty if they do. */
let silence = '';

const tiles = new Tiles();
tiles.onChange = () => notice.dataset.state === 'in-call' && sayInCall();
furnish({ microphone: 'Mute', camera: 'Camera off' });

const asked = new URLSearchParams(location.search);
for (const field of ['user', 'room']) if (asked.get(field)) $(field).value = asked.get(field);
if (asked.get('user') && asked.get('room')) void join($('user').value, $('room').value);

$('join').addEventListener('submit', (event) => {
  event.preventDefault();
  void join($('user').value, $('room').value);
});

$('write').addEventListener('submit', async (event) => {
  event.preventDefault();
  const text = $('message').value;
  try {
    await call.write(text);
    if ($('message').value === text) $('message').value = '';
    if (notice.dataset.state === 'in-call') sayInCall();
  } catch (error) {
    say(notice.dataset.state, `It was not sent: ${error.message}`);
  }
});

$('leave').addEventListener('click', () => {
  void call.leave();
  end('You have left.');
});

for (const id of Object.keys(SWITCHES)) {
  $(id).addEventListener('click', ({ currentTarget }) => toggle(currentTarget));
}

async function join(user, room) {
  const own = new Call();
  call = own;
  say('joining', 'Asking for your camera and microphone…');
  setBusy(true);
  const opened = await openMedia(VIDEO);
  // The user may have left meanwhile.
  if (call !== own) return stop(opened);
  media = opened;
  silence = media ? '' : 'The others cannot see or hear you: there is no camera and no microphone.';
  call.onUser = (name) => tiles.meet(name, name);
  call.onStream = (name, stream) => tiles.showStream(name, name, stream);
  call.onGone = (name) => tiles.remove(name);
  call.onHistory = (earlier) => {
    clearMessages();
    for (const { user: from, message } of earlier) addMessage(from, message);
  };
  call.onMessage = ({ user: from, message }) => addMessage(from, message);
  call.onSpeaker = (name) => tiles.showSpeaker(name === user ? SELF : name);
  call.onAway = (isAway) =>
    isAway ? say('away', 'The connection was lost. Trying again…') : sayInCall();
  call.onProblem = (reason) => {
    silence = `The others cannot see or hear you: ${reason}.`;
    sayInCall();
  };
  call.onMediaError = (reason) => {
    if (notice.dataset.state === 'in-call') say('in-call', `You are in the call. ${reason}.`);
  };
  call.onOver = end;
  tiles.showStream(SELF, `${user} (you)`, media);
  showOwnFeatures();
  try {
    say('joining', 'Joining…');
    await call.join(user, room, media);
    // A reload joins again under the same name.
    history.replaceState(null, '', `${location.pathname}?${new URLSearchParams({ user, room })}`);
    if (call === own) sayInCall();
  } catch (error) {
    void own.leave();
    if (call === own) end(error.message);
  }
}

function end(text) {
  stop(media);
  call = null;
  media = null;
  tiles.clear();
  history.replaceState(null, '', location.pathname);
  setBusy(false);
  say('idle', text);
}

function setBusy(isBusy) {
  $('join').hidden = isBusy;
  $('call').hidden = !isBusy;
  for (const id of Object.keys(SWITCHES)) $(id).setAttribute('aria-pressed', 'false');
  // The focused element may be hidden now. Focusing a field would open a phone's keyboard.
  $(isBusy ? 'call' : 'join-button').focus();
}

function sayInCall() {
  say('in-call', `You are in the call. ${tiles.company()} ${silence}`.trim());
}

function say(state, text) {
  notice.dataset.state = state;
  notice.textContent = text;
}

function toggle(button) {
  const isOff = button.getAttribute('aria-pressed') !== 'true';
  button.setAttribute('aria-pressed', String(isOff));
  showOwnFeatures();
}

/** Sends the tracks that no button turns off. */
function showOwnFeatures() {
  const features = {};
  for (const [id, kind] of Object.entries(SWITCHES)) {
    const isOn = $(id).getAttribute('aria-pressed') !== 'true';
    const isThere = turn(media, kind, isOn);
    $(id).disabled = !isThere;
    features[kind] = isThere && isOn;
  }
  tiles.showFeatures(SELF, features);
}
