// The page: a form for each role that a tab can have.

import { furnish, openMedia, stop } from '../room/room.js';
import { Client } from './client.js';
import { findRoom } from './gateway.js';
import { Sfu } from './sfu.js';
import { SWITCHES, View } from './view.js';

const $ = (id) => document.getElementById(id);
const status = $('status');

/** Aborts the current role of the tab. */
let going = new AbortController();

furnish(SWITCHES);

const asked = new URLSearchParams(location.search);
for (const field of ['name', 'path']) if (asked.get(field)) $(field).value = asked.get(field);
if (asked.get('name') && asked.get('path')) join();

$('join').addEventListener('submit', (event) => {
  event.preventDefault();
  join();
});

$('serve').addEventListener('submit', (event) => {
  event.preventDefault();
  void begin('stop', (signal) => beTheSfu($('secret').value, signal));
});

for (const id of ['leave', 'stop']) $(id).addEventListener('click', () => end('You have left.'));

function join() {
  void begin('call', (signal) => takePart($('name').value, $('path').value, signal));
}

async function takePart(name, path, signal) {
  say('joining', 'Asking for your camera and microphone…');
  const media = await openMedia();
  whenOver(signal, () => stop(media));
  if (signal.aborted) return;
  const client = new Client();
  const view = new View(client, name, media);
  whenOver(signal, () => view.close());
  client.onOver = () => end('The SFU has gone, and the call is over. You can join again.');
  let silence = media ? '' : 'The others cannot see or hear you.';
  const sayInCall = () =>
    say('in-call', `You are in the call. ${view.company()} ${silence}`.trim());
  client.onProblem = (reason) => {
    silence = `The others cannot see or hear you: ${reason}.`;
    sayInCall();
  };
  view.onUnsent = (reason) =>
    reason ? say('in-call', `It was not sent: ${reason}.`) : sayInCall();
  view.onCompany = () => status.dataset.state === 'in-call' && sayInCall();

  say('joining', 'Joining…');
  const sfu = await findRoom(path);
  if (signal.aborted) return;
  if (!sfu)
    throw new Error('There is no SFU that is free. Make another tab the SFU, then join again.');
  try {
    await client.join(name, sfu, media);
  } finally {
    whenOver(signal, () => client.leave());
  }
  if (signal.aborted) return;
  // A reload joins again.
  history.replaceState(null, '', `${location.pathname}?${new URLSearchParams({ name, path })}`);
  sayInCall();
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

/** Shows the part `shown` during `action` and until its result ends. */
async function begin(shown, action) {
  going = new AbortController();
  const { signal } = going;
  $('choice').hidden = true;
  $(shown).hidden = false;
  // The focused element may be hidden now.
  $(shown).focus({ preventScroll: true });
  try {
    await action(signal);
  } catch (error) {
    if (!signal.aborted) end(error.message);
  }
}

function end(text) {
  going.abort();
  for (const id of ['call', 'stop']) $(id).hidden = true;
  $('choice').hidden = false;
  $('join-button').focus();
  history.replaceState(null, '', location.pathname);
  say('idle', text);
}

/** Runs `action` on abort, at once if the signal is aborted. */
function whenOver(signal, action) {
  if (signal.aborted) action();
  else signal.addEventListener('abort', action);
}

function say(state, text) {
  status.dataset.state = state;
  status.textContent = text;
}
