// The page: registering a name, calling, and being called. direct.js connects to the server,
// call.js is the call.

import { Call } from './call.js';
import { Connection, ownName, register } from './direct.js';

const $ = (id) => document.getElementById(id);

/** The parts of the page, one of which is shown, and the element that each focuses. */
const PANELS = {
  register: 'name',
  dial: 'target',
  ringing: 'answer',
  call: 'hang-up',
  elsewhere: 'return',
};

/** The current call. @type {Call | null} */
let call = null;

/**
 * An incoming call without an answer. @type {{caller: string, offer: any, candidates: any[]} |
 * null}
 */
let ringing = null;

/** The part to show without a call. */
let home = 'register';

const connection = new Connection({
  message: receive,
  connected() {
    if (call) call.mend();
    else if (!ringing) say('');
    goTo('dial');
  },
  lost() {
    // A call continues: its media does not pass through the server.
    if (!call) say('The connection to the server is lost. Trying again…');
  },
  replaced: () => goTo('elsewhere'),
  stranger: () => goTo('register'),
});

/** The server sets `originator`, which can be trusted; its own messages have none. */
function receive({ originator, target, type, payload }) {
  if (type === 'video-offer') receiveOffer(originator, payload);
  else if (type === 'new-ice-candidate') receiveCandidate(originator, payload);
  else if (type === 'hang-up') receiveHangUp(originator, payload);
  else if (type === 'video-answer' && originator === call?.partner)
    call.receiveAnswer(payload).catch(giveUp);
  else if (type === 'TARGET_NOT_FOUND') notFound(target);
  else if (type === 'TOO_MANY_MESSAGES') say('That was too much at once. Please wait a moment.');
}

function receiveOffer(caller, offer) {
  const partner = call?.partner ?? ringing?.caller;
  if (partner !== undefined && partner !== caller)
    return connection.send(caller, 'hang-up', 'busy');
  if (call) return call.receiveOffer(offer).catch(giveUp);
  ringing = { caller, offer, candidates: [] };
  $('caller').textContent = caller;
  say('');
  show();
}

function receiveCandidate(from, candidate) {
  if (from === call?.partner) call.receiveCandidate(candidate);
  else if (from === ringing?.caller) ringing.candidates.push(candidate);
}

function receiveHangUp(from, reason) {
  if (from === ringing?.caller) finish(`${from} has called you.`);
  else if (from !== call?.partner) return;
  else if (reason === 'busy') finish(`${from} is in another call.`);
  else finish(`${from} has hung up.`);
}

/** The server knows no such user. An established call may continue nevertheless. */
function notFound(name) {
  if (!call || name !== call.partner || call.isConnected) return;
  finish(`“${name}” is not here at the moment. Ask them to open this page, and try again.`);
}

function startCall(partner, words) {
  say(words);
  const yields = partner < ownName();
  const send = (type, payload) => connection.send(partner, type, payload);
  const mine = new Call(partner, yields, send, {
    ownMedia: (stream) => showMedia('own', stream),
    media: (stream) => showMedia('remote', stream),
    noDevices: () => say('There is no camera or microphone: the other one cannot see or hear you.'),
    state(state) {
      if (mine !== call) return;
      if (state === 'connected') say(`You are talking to ${partner}.`);
      if (state === 'failed') say(`The connection to ${partner} is lost. Trying again…`);
    },
  });
  call = mine;
  show();
  return mine;
}

function answer() {
  const { caller, offer, candidates } = ringing;
  ringing = null;
  const started = startCall(caller, `Connecting to ${caller}…`);
  for (const candidate of candidates) started.receiveCandidate(candidate);
  started.accept(offer).catch(giveUp);
}

/** Ends the call, and informs the other side unless it ended the call. */
function hangUp(reason) {
  connection.send(call?.partner ?? ringing?.caller, 'hang-up', reason);
  finish('');
}

/** The other page sent an invalid offer. */
function giveUp() {
  finish('This call did not work. Please try again.');
}

function finish(words) {
  call?.end();
  call = null;
  ringing = null;
  for (const id of ['own', 'remote']) showMedia(id, null);
  say(words);
  show();
}

function goTo(panel) {
  home = panel;
  show();
}

/** Shows one part of the page: a call first, then an incoming call. */
function show() {
  const shown = (call && 'call') || (ringing && 'ringing') || home;
  $('own-name').textContent = ownName() ?? '';
  if (!$(shown).hidden) return;
  for (const id of Object.keys(PANELS)) $(id).hidden = id !== shown;
  if (shown === 'register') $('name').value = ownName() ?? '';
  $(PANELS[shown]).focus();
}

function showMedia(id, stream) {
  $(id).srcObject = stream;
}

function say(words) {
  $('notice').textContent = words;
}

$('register').onsubmit = async (event) => {
  event.preventDefault();
  const offline = { status: 'OFFLINE', message: '' };
  const { status, message } = await register($('name').value).catch(() => offline);
  if (status === 'SUCCESS') connection.open();
  else if (status === 'TAKEN') say('Another person has this name. Please choose another one.');
  else
    say(
      message ? `This does not work: ${message}.` : 'The server does not answer. Please try again.',
    );
};

$('dial').onsubmit = (event) => {
  event.preventDefault();
  // Normal form in which the server compares names.
  const partner = $('target').value.trim().normalize('NFC');
  if (partner === ownName()) say('That is your own name.');
  else if (partner === ringing?.caller) answer();
  else if (partner) startCall(partner, `Calling ${partner}…`).begin().catch(giveUp);
};

$('rename').onclick = () => goTo('register');
$('answer').onclick = answer;
$('decline').onclick = () => hangUp('declined');
$('hang-up').onclick = () => hangUp(null);
$('return').onclick = () => connection.open();

addEventListener('pagehide', () => {
  if (call || ringing) hangUp(null);
  connection.close();
});
addEventListener('pageshow', ({ persisted }) => persisted && connection.open());

if (ownName()) connection.open();
else show();
