// The page: a form to join by, tiles of everybody, and what is written.

import { Call } from './call.js';

const $ = (id) => document.getElementById(id);
const [notice, tiles, messages] = ['notice', 'tiles', 'messages'].map($);

/** Tiles are small, and everybody receives as many pictures as there are others. */
const VIDEO = { width: { ideal: 480 }, height: { ideal: 360 }, frameRate: { ideal: 24 } };

/** Which button turns what off. */
const SWITCHES = { microphone: 'audio', camera: 'video' };

/** What is going on, if anything is. */
let call = null;
let media = null;

/** Why the others get neither this user's picture nor sound; empty if they do. */
let silence = '';

/** The tile of this user, whatever others are called. */
const SELF = Symbol('self');

/** @type {Map<string | symbol, HTMLElement>} */
const tileOf = new Map();

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
  } catch (error) {
    say(notice.dataset.state, `It was not sent: ${error.message}`);
  }
});

$('leave').addEventListener('click', () => {
  void call.leave();
  end('You have left.');
});

for (const [id, kind] of Object.entries(SWITCHES)) {
  $(id).addEventListener('click', ({ currentTarget }) => toggle(currentTarget, kind));
}

async function join(user, room) {
  const own = new Call();
  call = own;
  say('joining', 'Asking for your camera and microphone…');
  setBusy(true);
  const opened = await openMedia();
  // They may have left meanwhile.
  if (call !== own) return stop(opened);
  media = opened;
  silence = media ? '' : 'Nobody sees or hears you: there is no camera and no microphone.';
  call.onUser = (name) => tile(name, name);
  call.onStream = (name, stream) => showStream(name, name, stream);
  call.onGone = (name) => {
    tileOf.get(name)?.remove();
    tileOf.delete(name);
    arrange();
  };
  call.onHistory = (earlier) => {
    messages.replaceChildren();
    earlier.forEach(addMessage);
  };
  call.onMessage = addMessage;
  call.onSpeaker = (name) => showSpeaker(name === user ? SELF : name);
  call.onAway = (isAway) =>
    isAway ? say('away', 'The connection was lost. Trying again…') : sayInCall();
  call.onProblem = (reason) => {
    silence = `Nobody sees or hears you: ${reason}.`;
    sayInCall();
  };
  call.onOver = end;
  showStream(SELF, `${user} (you)`, media);
  for (const [id, kind] of Object.entries(SWITCHES)) {
    $(id).disabled = !media?.getTracks().some((track) => track.kind === kind);
  }
  try {
    say('joining', 'Joining…');
    await call.join(user, room, media);
    // Loading the page anew joins anew, by the same name.
    history.replaceState(null, '', `?${new URLSearchParams({ user, room })}`);
    if (call === own) sayInCall();
  } catch (error) {
    void own.leave();
    if (call === own) end(error.message);
  }
}

/** Camera and microphone, as far as there are any. */
async function openMedia() {
  for (const kinds of [{ video: VIDEO, audio: true }, { audio: true }, { video: VIDEO }]) {
    const opened = await navigator.mediaDevices?.getUserMedia(kinds).catch(() => null);
    if (opened) return opened;
  }
  return null;
}

function end(text) {
  stop(media);
  call = null;
  media = null;
  tileOf.clear();
  tiles.replaceChildren();
  history.replaceState(null, '', location.pathname);
  setBusy(false);
  say('idle', text);
}

function stop(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

function setBusy(isBusy) {
  $('join').hidden = isBusy;
  $('call').hidden = !isBusy;
  for (const id of Object.keys(SWITCHES)) $(id).setAttribute('aria-pressed', 'false');
  // What had the focus may be out of sight now. In a field a phone would put its keyboard before everybody.
  $(isBusy ? 'call' : 'join-button').focus();
}

function sayInCall() {
  const others = tileOf.size - 1;
  const company =
    ['Nobody else is here yet', 'One other is here'][others] ?? `${others} others are here`;
  say('in-call', `You are in the call. ${company}. ${silence}`);
}

function say(state, text) {
  notice.dataset.state = state;
  notice.textContent = text;
}

/** Somebody's tile, made if there is none yet. */
function tile(key, name) {
  let figure = tileOf.get(key);
  if (!figure) {
    figure = document.createElement('figure');
    figure.toggleAttribute('data-self', key === SELF);
    figure.dataset.initial = [...name.toUpperCase()][0];
    const [video, caption, label] = ['video', 'figcaption', 'bdi'].map((tag) =>
      document.createElement(tag),
    );
    Object.assign(video, { autoplay: true, playsInline: true, muted: key === SELF });
    video.setAttribute('aria-label', name);
    label.textContent = name;
    caption.append(label);
    figure.append(video, caption);
    tileOf.set(key, figure);
    tiles.append(figure);
    arrange();
  }
  return figure;
}

/** In as many columns as rows, or one more. */
function arrange() {
  const columns = Math.ceil(Math.sqrt(tileOf.size));
  tiles.style.setProperty('--columns', columns);
  tiles.style.setProperty('--rows', Math.ceil(tileOf.size / columns));
  if (notice.dataset.state === 'in-call') sayInCall();
}

function showStream(key, name, stream) {
  const video = tile(key, name).querySelector('video');
  if (video.srcObject !== stream) video.srcObject = stream;
}

function showSpeaker(key) {
  for (const [each, figure] of tileOf) figure.toggleAttribute('data-speaks', each === key);
}

function addMessage({ user, message }) {
  const [item, name, text] = ['p', 'bdi', 'span'].map((tag) => document.createElement(tag));
  name.textContent = user;
  text.textContent = message;
  text.dir = 'auto';
  item.append(name, text);
  messages.append(item);
  messages.scrollTop = messages.scrollHeight;
}

function toggle(button, kind) {
  const isOff = button.getAttribute('aria-pressed') !== 'true';
  button.setAttribute('aria-pressed', String(isOff));
  for (const track of media?.getTracks() ?? []) if (track.kind === kind) track.enabled = !isOff;
}
