// Takes a picture of every state of the page, on a phone and on a desk, by day and by night, for people to look at:
// SCREENSHOTS=folder npm run screenshots

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { newAppointment } from '../support/appointment.mjs';
import { each, openScene, PHONE } from '../support/scene.mjs';

const SIZES = { phone: PHONE, desk: { viewport: { width: 1440, height: 900 } } };
const CHAT = [
  ['ann', 'Good morning, Bob! Can you see the results?'],
  ['bob', 'Yes, they just came in.'],
  ['bob', 'Nothing to worry about: all of them are within the limits. I have put the details into the letter you get.'],
  ['ann', 'That is a relief 🙂 Thank you!'],
];

const folder = process.env.SCREENSHOTS;
if (!folder) throw new Error('SCREENSHOTS must name the folder for the pictures');
await mkdir(folder, { recursive: true });
const scene = await openScene();

for (const [size, screen] of Object.entries(SIZES)) {
  for (const colorScheme of ['light', 'dark']) {
    test(`${size}, ${colorScheme}`, () => takeAll(size, { losesServer: true, screen: { ...screen, colorScheme } }));
  }
}

async function takeAll(size, circumstances) {
  const appointment = `A-${newAppointment().slice(-4)}`;
  const take = ({ page }, state) =>
    page.screenshot({ path: join(folder, `${state}-${size}-${circumstances.screen.colorScheme}.png`) });
  const ann = await scene.person('Ann Example', circumstances);
  const bob = await scene.person('Bob', circumstances);
  const eve = await scene.person('Eve', circumstances);

  await ann.openFirstPage();
  await take(ann, 'login');
  await ann.goToDoor(appointment);
  await ann.expectToSeeThemselves();
  await take(ann, 'prejoin');
  await ann.enter();
  await ann.expectState('waiting');
  await take(ann, 'waiting');

  await bob.join(appointment);
  await each([ann, bob], (person) => person.expectToSeeAndHear());
  await take(ann, 'call');

  await eve.join(appointment);
  await eve.expectState('full');
  await take(eve, 'full');

  if (size === 'phone') await each([ann, bob], (person) => person.openChat());
  for (const [writer, text] of CHAT) {
    await { ann, bob }[writer].write(text);
    await { ann: bob, bob: ann }[writer].expectMessage(text);
  }
  await take(ann, 'chat');
  if (size === 'phone') await ann.closeChat();

  await scene.server.crash();
  await ann.expectState('reconnecting');
  await take(ann, 'reconnecting');
  await scene.server.start();
  await ann.expectState('connected');

  await ann.leave();
  await take(ann, 'ended');
}
