// The page: one form for each of the two things that a tab can be.

import { Client } from './client.js';
import { findRoom } from './gateway.js';
import { Sfu } from './sfu.js';

const $ = (id) => document.getElementById(id);
const [tiles, status, leaveButton] = ['tiles', 'status', 'leave-button'].map($);

/** Aborted when what is going on ends. */
let going = new AbortController();

$('join').addEventListener('submit', (event) => {
  event.preventDefault();
  void begin((signal) => takePart($('path').value, signal));
});

$('serve').addEventListener('submit', (event) => {
  event.preventDefault();
  void begin((signal) => beTheSfu($('secret').value, signal));
});

leaveButton.addEventListener('click', () => end('You have left.'));

async function takePart(path, signal) {
  say('joining', 'Asking for your camera and microphone…');
  const media = await navigator.mediaDevices.getUserMedia({ video: true, audio: true });
  whenOver(signal, () => {
    for (const track of media.getTracks()) track.stop();
  });
  const room = await findRoom(path);
  if (signal.aborted) return;
  if (!room)
    throw new Error('There is no SFU that is free. Make another tab the SFU, then join again.');

  const client = new Client();
  client.onStream = (id, stream) => show(id, stream, 'Somebody else');
  client.onGone = (id) => tiles.querySelector(`[data-id="${CSS.escape(id)}"]`)?.remove();
  client.onOver = () => end('The SFU has gone, and the call is over. You can join again.');
  show('self', media, 'You');
  try {
    await client.join(room, media);
  } finally {
    whenOver(signal, () => client.leave());
  }
  if (!signal.aborted) say('in-call', 'You are in the call.');
}

async function beTheSfu(secret, signal) {
  say('joining', 'Connecting…');
  const sfu = new Sfu();
  sfu.onCount = (count) => {
    const people = count === 1 ? 'One person sends' : `${count} people send`;
    if (!signal.aborted) say('serving', `This tab is the SFU. ${people} something. Keep it open.`);
  };
  sfu.onOver = () => end('The server has gone.');
  try {
    await sfu.serve(secret);
  } finally {
    whenOver(signal, () => sfu.stop());
  }
  sfu.onCount(0);
}

async function begin(action) {
  going = new AbortController();
  const { signal } = going;
  setBusy(true);
  try {
    await action(signal);
  } catch (error) {
    const isForbidden = error.name === 'NotAllowedError';
    const text = isForbidden
      ? 'Without a camera and a microphone you cannot take part.'
      : error.message;
    if (!signal.aborted) end(text);
  }
}

function end(text) {
  going.abort();
  tiles.replaceChildren();
  setBusy(false);
  say('idle', text);
}

/** Does something when it is over, at once if it already is. */
function whenOver(signal, action) {
  if (signal.aborted) action();
  else signal.addEventListener('abort', action);
}

function setBusy(isBusy) {
  $('choice').hidden = isBusy;
  leaveButton.hidden = !isBusy;
  // What had the focus may be out of sight now.
  (isBusy ? leaveButton : $('join-button')).focus();
}

function say(state, text) {
  status.dataset.state = state;
  status.textContent = text;
}

function show(id, stream, name) {
  let tile = tiles.querySelector(`[data-id="${CSS.escape(id)}"]`);
  if (!tile) {
    tile = document.createElement('figure');
    tile.dataset.id = id;
    const caption = document.createElement('figcaption');
    caption.textContent = name;
    tile.append(document.createElement('video'), caption);
    tiles.append(tile);
  }
  const video = tile.querySelector('video');
  Object.assign(video, { autoplay: true, playsInline: true, muted: id === 'self' });
  video.setAttribute('aria-label', name);
  if (video.srcObject !== stream) video.srcObject = stream;
}
