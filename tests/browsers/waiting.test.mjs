// A room without a free seat: those who wait outside are told why, get in by themselves, and learn nothing of the room.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newAppointment } from './support/appointment.mjs';
import { each, openScene } from './support/scene.mjs';

/** Short enough for a test, and long enough for a countdown. */
const LEASE_S = 8;

const scene = await openScene({ SEAT_LEASE: `${LEASE_S}s` });

const heading = ({ page }) => page.locator('h1').innerText();
const headingHasFocus = ({ page }) => page.evaluate(() => document.activeElement === document.querySelector('h1'));

/** Neither on the page nor behind it. */
async function expectNothingOf(secrets, person) {
  const words = [await person.words(), ...(await person.packets())].join('\n');
  for (const secret of secrets) assert.ok(!words.includes(secret), `${person.name} learned of “${secret}”`);
}

test('a third person waits outside, is told why, and gets in without another click when a seat is free', async () => {
  const appointment = newAppointment();
  const { ann, bob } = await scene.pair(appointment);
  await ann.write('a word between the two');
  const secrets = ['Ann', 'Bob', 'a word between', await ann.participant(), await bob.participant()];

  const eve = await scene.person('Eve');
  await eve.openLink(appointment);
  await eve.expectEnding('full');
  assert.equal(await heading(eve), 'Two people are in this appointment');
  assert.equal(await headingHasFocus(eve), true);
  await eve.page.getByText(/We try again in \d seconds?\./).waitFor();
  assert.deepEqual(await eve.devicesInUse(), []);
  await expectNothingOf(secrets, eve);

  await bob.closeTab();
  await ann.expectState('reconnecting');
  const seconds = await eve.expectCountdown();
  assert.ok(seconds <= LEASE_S, `${seconds} s`);
  assert.equal(await heading(eve), 'Your earlier connection still holds this seat');
  await expectNothingOf(secrets, eve);

  await each([ann, eve], (person) => person.expectState('connected'));
  await each([ann, eve], (person) => person.expectToSeeAndHear());
  await eve.expectChat(['Ann: a word between the two']);
});

test('a person whose page crashed comes back in another browser, waits, and is in the call as they looked before', async () => {
  const appointment = newAppointment();
  const { ann, bob } = await scene.pair(appointment);
  await bob.crash();
  await ann.expectState('reconnecting');

  const bobAgain = await scene.person('Bob');
  await bobAgain.goToDoor(appointment);
  await bobAgain.expectToSeeThemselves();
  await bobAgain.chooseDevice('camera', 'fake_device_1');
  await bobAgain.muteAtDoor();
  const camera = (await bobAgain.tracksInUse()).find((label) => label === 'fake_device_1');
  assert.ok(camera);
  await bobAgain.enter();
  await bobAgain.expectCountdown();
  await each([ann, bobAgain], (person) => person.expectState('connected'));
  await ann.expectPeerToBe('muted');
  await bobAgain.expectToSeeAndHear();
  assert.ok((await bobAgain.tracksInUse()).includes('fake_device_1'));
  assert.equal(await bobAgain.questions(), 2, 'at the door, and for the other camera');
});

test('a person who reloads is paired again with the one who stayed, with the proof of the seat and without', async () => {
  const { ann, bob } = await scene.pair(newAppointment());
  const participant = await bob.participant();
  await bob.reload();
  await each([ann, bob], (person) => person.expectState('connected'));
  await each([ann, bob], (person) => person.expectToSeeAndHear());
  assert.equal(await bob.participant(), participant);

  await bob.reloadForgetful();
  await bob.enter();
  await bob.expectCountdown();
  await each([ann, bob], (person) => person.expectState('connected'));
  await each([ann, bob], (person) => person.expectToSeeAndHear());
  assert.notEqual(await bob.participant(), participant);
  assert.equal((await ann.joins()).length, 1, 'Ann stayed where she was');
});

test('a person who leaves without a network can come straight back', async () => {
  const { ann, bob } = await scene.pair(newAppointment(), { losesServer: true });
  const participant = await bob.participant();
  await bob.goOffline();
  await bob.expectState('reconnecting');
  await bob.leave();
  await bob.goOnline();
  await bob.comeBack();
  await each([ann, bob], (person) => person.expectState('connected'));
  assert.deepEqual(await bob.refusals(), []);
  assert.equal(await bob.participant(), participant);
});

test('those who wait can go to another appointment, by keyboard as well', async () => {
  const appointment = newAppointment();
  await scene.pair(appointment);
  const eve = await scene.person('Eve');
  await eve.openLink(appointment);
  await eve.expectEnding('full');
  for (const testId of ['try-now-button', 'another-appointment-link']) {
    await eve.page.keyboard.press('Tab');
    assert.equal(await eve.page.evaluate(() => document.activeElement.dataset.testid), testId);
  }
  await eve.page.keyboard.press('Enter');
  await eve.page.getByTestId('appointment-input').waitFor();
  assert.equal(await eve.page.getByTestId('appointment-input').inputValue(), '');
});

for (const [language, held, taken] of [
  ['en', 'Your earlier connection still holds this seat', 'Two people are in this appointment'],
  ['es', 'Su conexión anterior todavía ocupa este lugar', 'Hay dos personas en esta cita'],
  ['ar', 'ما زال اتصالك السابق يشغل هذا المكان', 'يوجد شخصان في هذا الموعد'],
]) {
  test(`both screens fit on every width in ${language}`, async () => {
    const appointment = newAppointment();
    const { bob } = await scene.pair(appointment);
    const eve = await scene.person('Eve', { screen: { locale: language, viewport: { width: 1280, height: 720 } } });
    await eve.openLink(appointment);
    await eve.expectEnding('full');
    assert.equal(await heading(eve), taken);
    await expectToFit(eve);
    await bob.closeTab();
    await eve.expectCountdown();
    assert.equal(await heading(eve), held);
    await expectToFit(eve);
  });
}

async function expectToFit({ page }) {
  for (const width of [320, 390, 768, 1440, 2560]) {
    await page.setViewportSize({ width, height: 720 });
    const excess = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(excess, 0, `at ${width} px`);
  }
}
