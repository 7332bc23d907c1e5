// Visits every screen of the page and calls `look` at each.

import { newAppointment } from './appointment.mjs';
import { roomIsLoaded } from './loading.mjs';
import { each } from './scene.mjs';

const CHAT = [
  ['ann', 'Good morning, Bob! Can you see the results?'],
  ['bob', 'Yes, they just came in.'],
  ['bob', 'Nothing to worry about: all of them are within the limits. I have put the details into the letter you get.'],
  ['ann', 'That is a relief. Thank you!'],
];

/** Texts of the maximum length, without a good place to break. */
const LONG_NAME = 'Ann-'.repeat(32);
const LONG_MESSAGE = `${'Wordswithoutend'.repeat(20)} ${'and with an end '.repeat(610)}`.slice(0, 10_000);

/** Window width from which the chat is beside the call, in CSS pixels. */
const ROOM_FOR_CHAT = 1_024;

/**
 * @param {Awaited<ReturnType<import('./scene.mjs').openScene>>} scene
 * @param {import('playwright-core').BrowserContextOptions} screen
 * @param {(person: import('./person/person.mjs').Person, screenName: string) => Promise<void>} look
 *   called at each screen, once there is something to see; what it changes it must restore
 */
export async function tour(scene, screen, look) {
  const circumstances = { losesServer: true, screen };
  const isWide = screen.viewport.width >= ROOM_FOR_CHAT;
  const appointment = `A-${newAppointment().slice(-4)}`;
  await visitPreJoin(scene, circumstances, look);
  const pair = await meet(scene, circumstances, look, appointment);
  await openEverything(pair.ann, look);
  await chat(pair, isWide, look);
  await crowd(scene, circumstances, look, appointment);
  await waitForLease(scene, circumstances, look);
  await changeTabs(pair.ann, look, appointment);
  await loseServer(scene, circumstances, look, pair.ann);
  await pair.ann.call.leave();
  await look(pair.ann, 'left');
  await writeTooMuch(scene, circumstances, isWide, look);
}

/** The screens before the room. */
async function visitPreJoin(scene, circumstances, look) {
  const ann = await scene.person('Ann', circumstances);
  await ann.openFirstPage();
  await look(ann, 'first');
  await ann.page.getByTestId('join-button').click();
  await look(ann, 'first-errors');
  await ann.openPreJoin('A-7');
  await ann.devices.expectOwnPicture();
  await ann.devices.expectLevel();
  await look(ann, 'prejoin');
  await ann.connection.check();
  await look(ann, 'prejoin-check');
  await ann.page.goto('/somewhere/else');
  await ann.expectEnding('notFound');
  await look(ann, 'not-found');
  await ann.closeTab();

  const denied = await scene.person('Ann', { ...circumstances, allows: [] });
  await denied.openPreJoin('A-7');
  await denied.devices.expectHelp(['denied']);
  await look(denied, 'prejoin-denied');
  await denied.closeTab();

  const without = await scene.person('Ann', { ...circumstances, hasDevices: false });
  await without.openPreJoin('A-7');
  await without.devices.expectHelp(['absent']);
  await look(without, 'prejoin-no-devices');
  await without.closeTab();
}

async function meet(scene, circumstances, look, appointment) {
  const ann = await scene.person('Ann', circumstances);
  const bob = await scene.person('Bob', circumstances);
  await ann.openLink(appointment);
  await ann.call.expectState('waiting');
  await look(ann, 'waiting');
  await bob.openLink(appointment);
  await each([ann, bob], (person) => person.media.expectToSeeAndHear());
  await ann.connection.expectPath('direct');
  await look(ann, 'call');
  return { ann, bob };
}

/** Everything that opens over the call. */
async function openEverything(ann, look) {
  const at = (testId) => ann.page.getByTestId(testId);
  await at('quality-sign').click();
  await at('quality-details').waitFor();
  await look(ann, 'quality');
  await ann.page.keyboard.press('Escape');

  await at('more-button').click();
  await look(ann, 'menu');
  await at('shortcuts-button').click();
  await at('shortcuts-dialog').waitFor();
  await look(ann, 'shortcuts');
  await ann.page.keyboard.press('Escape');

  await ann.devices.openDialog();
  await ann.devices.expectLevel();
  await look(ann, 'devices');
  await ann.page.keyboard.press('Escape');
}

async function chat({ ann, bob }, isWide, look) {
  if (!isWide) await each([ann, bob], (person) => person.chat.open());
  for (const [writer, text] of CHAT) {
    await { ann, bob }[writer].chat.send(text);
    await { ann: bob, bob: ann }[writer].chat.expectMessage(text);
  }
  await look(ann, 'chat');
  if (!isWide) await each([ann, bob], (person) => person.chat.close());
}

async function crowd(scene, circumstances, look, appointment) {
  const eve = await scene.person('Eve', circumstances);
  await eve.openLink(appointment);
  await eve.expectEnding('full');
  await look(eve, 'full');
  await eve.closeTab();
}

/** A room whose two seats are held by closed tabs. */
async function waitForLease(scene, circumstances, look) {
  const appointment = `A-${newAppointment().slice(-4)}`;
  for (const name of ['Ann', 'Bob']) {
    const person = await scene.person(name, circumstances);
    await person.openLink(appointment);
    await person.call.expectState(name === 'Ann' ? 'waiting' : 'reconnecting');
    await person.closeTab();
  }
  const eve = await scene.person('Eve', circumstances);
  await eve.openLink(appointment);
  await eve.expectEnding('seat-held');
  await look(eve, 'seat-held');
  await eve.closeTab();
}

async function changeTabs(ann, look, appointment) {
  const elsewhere = await ann.openTab(appointment);
  await elsewhere.expectEnding('other-tab');
  await look(elsewhere, 'other-tab');
  await elsewhere.useThisTab();
  await ann.expectEnding('replaced');
  await look(ann, 'replaced');
  await ann.reopen();
  await elsewhere.expectEnding('replaced');
  await elsewhere.closeTab();
  await ann.call.expectState('connected');
}

async function loseServer(scene, circumstances, look, ann) {
  const eve = await scene.person('Eve', circumstances);
  await eve.openPreJoin('A-7');
  await roomIsLoaded(eve.page);
  await scene.server.crash();
  await ann.call.expectState('reconnecting');
  await look(ann, 'reconnecting');
  await eve.enter();
  await eve.expectEnding('unreachable');
  await look(eve, 'unreachable');
  await eve.closeTab();
  await scene.server.start();
  await ann.call.expectState('connected');
}

/** Names, numbers and messages of the maximum length. */
async function writeTooMuch(scene, circumstances, isWide, look) {
  const appointment = newAppointment().repeat(3).slice(0, 128);
  const ann = await scene.person(LONG_NAME, circumstances);
  const bob = await scene.person(LONG_NAME, circumstances);
  await ann.openPreJoin(appointment);
  await ann.devices.expectOwnPicture();
  await look(ann, 'long-prejoin');
  await ann.enter();
  await bob.openLink(appointment);
  await each([ann, bob], (person) => person.media.expectToSeeAndHear());
  await look(ann, 'long-call');
  if (!isWide) await each([ann, bob], (person) => person.chat.open());
  // Long messages are folded, so only their beginning is visible.
  await bob.chat.submit(LONG_MESSAGE);
  await ann.chat.expectMessage(LONG_MESSAGE.slice(0, 100));
  await look(ann, 'long-chat');
}
