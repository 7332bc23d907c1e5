// A walk past every screen of the page, for those who look at each of them: people, and tools.

import { newAppointment } from './appointment.mjs';
import { roomIsLoaded } from './loading.mjs';
import { each } from './scene.mjs';

const CHAT = [
  ['ann', 'Good morning, Bob! Can you see the results?'],
  ['bob', 'Yes, they just came in.'],
  ['bob', 'Nothing to worry about: all of them are within the limits. I have put the details into the letter you get.'],
  ['ann', 'That is a relief. Thank you!'],
];

/** As long as the server allows, without a good place to break. */
const LONG_NAME = 'Ann-'.repeat(32);
const LONG_MESSAGE = `${'Wordswithoutend'.repeat(20)} ${'and with an end '.repeat(610)}`.slice(0, 10_000);

/** From here on the chat is beside the call, in CSS pixels. */
const ROOM_FOR_CHAT = 1_024;

/**
 * @param {Awaited<ReturnType<import('./scene.mjs').openScene>>} scene
 * @param {import('playwright-core').BrowserContextOptions} screen
 * @param {(person: import('./person.mjs').Person, screenName: string) => Promise<void>} look
 *   called at each screen, once there is something to see; what it changes it must restore
 */
export async function tour(scene, screen, look) {
  const circumstances = { losesServer: true, screen };
  const isWide = screen.viewport.width >= ROOM_FOR_CHAT;
  const appointment = `A-${newAppointment().slice(-4)}`;
  await passTheDoor(scene, circumstances, look);
  const pair = await meet(scene, circumstances, look, appointment);
  await openEverything(pair.ann, look);
  await chat(pair, isWide, look);
  await crowd(scene, circumstances, look, appointment);
  await waitForLease(scene, circumstances, look);
  await changeTabs(pair.ann, look, appointment);
  await loseServer(scene, circumstances, look, pair.ann);
  await pair.ann.leave();
  await look(pair.ann, 'left');
  await writeTooMuch(scene, circumstances, isWide, look);
}

/** All that comes before the room. */
async function passTheDoor(scene, circumstances, look) {
  const ann = await scene.person('Ann', circumstances);
  await ann.openFirstPage();
  await look(ann, 'first');
  await ann.page.getByTestId('join-button').click();
  await look(ann, 'first-errors');
  await ann.goToDoor('A-7');
  await ann.expectToSeeThemselves();
  await ann.expectLevel();
  await look(ann, 'prejoin');
  await ann.checkConnection();
  await look(ann, 'prejoin-check');
  await ann.page.goto('/somewhere/else');
  await ann.expectEnding('notFound');
  await look(ann, 'not-found');
  await ann.closeTab();

  const denied = await scene.person('Ann', { ...circumstances, allows: [] });
  await denied.goToDoor('A-7');
  await denied.expectHelp(['denied']);
  await look(denied, 'prejoin-denied');
  await denied.closeTab();

  const without = await scene.person('Ann', { ...circumstances, hasDevices: false });
  await without.goToDoor('A-7');
  await without.expectHelp(['absent']);
  await look(without, 'prejoin-no-devices');
  await without.closeTab();
}

async function meet(scene, circumstances, look, appointment) {
  const ann = await scene.person('Ann', circumstances);
  const bob = await scene.person('Bob', circumstances);
  await ann.openLink(appointment);
  await ann.expectState('waiting');
  await look(ann, 'waiting');
  await bob.openLink(appointment);
  await each([ann, bob], (person) => person.expectToSeeAndHear());
  await ann.expectPath('direct');
  await look(ann, 'call');
  return { ann, bob };
}

/** What opens over the call, one after the other. */
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

  await ann.openDevices();
  await ann.expectLevel();
  await look(ann, 'devices');
  await ann.page.keyboard.press('Escape');
}

async function chat({ ann, bob }, isWide, look) {
  if (!isWide) await each([ann, bob], (person) => person.openChat());
  for (const [writer, text] of CHAT) {
    await { ann, bob }[writer].write(text);
    await { ann: bob, bob: ann }[writer].expectMessage(text);
  }
  await look(ann, 'chat');
  if (!isWide) await each([ann, bob], (person) => person.closeChat());
}

async function crowd(scene, circumstances, look, appointment) {
  const eve = await scene.person('Eve', circumstances);
  await eve.openLink(appointment);
  await eve.expectEnding('full');
  await look(eve, 'full');
  await eve.closeTab();
}

/** Both seats are held by people whose tabs are closed. */
async function waitForLease(scene, circumstances, look) {
  const appointment = `A-${newAppointment().slice(-4)}`;
  for (const name of ['Ann', 'Bob']) {
    const person = await scene.person(name, circumstances);
    await person.openLink(appointment);
    await person.expectState(name === 'Ann' ? 'waiting' : 'reconnecting');
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
  await ann.comeBack();
  await elsewhere.expectEnding('replaced');
  await elsewhere.closeTab();
  await ann.expectState('connected');
}

async function loseServer(scene, circumstances, look, ann) {
  const eve = await scene.person('Eve', circumstances);
  await eve.goToDoor('A-7');
  await roomIsLoaded(eve.page);
  await scene.server.crash();
  await ann.expectState('reconnecting');
  await look(ann, 'reconnecting');
  await eve.enter();
  await eve.expectEnding('unreachable');
  await look(eve, 'unreachable');
  await eve.closeTab();
  await scene.server.start();
  await ann.expectState('connected');
}

/** Names, numbers and messages that are as long as they may be. */
async function writeTooMuch(scene, circumstances, isWide, look) {
  const appointment = newAppointment().repeat(3).slice(0, 128);
  const ann = await scene.person(LONG_NAME, circumstances);
  const bob = await scene.person(LONG_NAME, circumstances);
  await ann.goToDoor(appointment);
  await ann.expectToSeeThemselves();
  await look(ann, 'long-prejoin');
  await ann.enter();
  await bob.openLink(appointment);
  await each([ann, bob], (person) => person.expectToSeeAndHear());
  await look(ann, 'long-call');
  if (!isWide) await each([ann, bob], (person) => person.openChat());
  // Long messages are folded: only their beginning is in sight.
  await bob.submit(LONG_MESSAGE);
  await ann.expectMessage(LONG_MESSAGE.slice(0, 100));
  await look(ann, 'long-chat');
}
