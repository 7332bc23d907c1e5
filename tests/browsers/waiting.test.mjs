// A room without a free seat: people who wait are told why, join automatically, and learn nothing of the
// room.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newAppointment } from './support/appointment.mjs';
import { each, openScene } from './support/scene.mjs';

/** A lease that is short for a test, and long enough for a countdown. */
const LEASE_S = 8;

const scene = await openScene({ SEAT_LEASE: `${LEASE_S}s` });

const heading = ({ page }) => page.locator('h1').innerText();
const headingHasFocus = ({ page }) => page.evaluate(() => document.activeElement === document.querySelector('h1'));

/** Asserts that neither the page nor its packets contain the secrets. */
async function expectNothingOf(secrets, person) {
  const words = [await person.text(), ...(await person.signaling.packets())].join('\n');
  for (const secret of secrets) assert.ok(!words.includes(secret), `${person.name} learned of “${secret}”`);
}

test('a third person waits, is told why, and joins automatically when a seat is free', async () => {
  const appointment = newAppointment();
  const { ann, bob } = await scene.pair(appointment);
  await ann.chat.send('a word between the two');
  const secrets = ['Ann', 'Bob', 'a word between', await ann.signaling.participant(), await bob.signaling.participant()];

  const eve = await scene.person('Eve');
  await eve.openLink(appointment);
  await eve.expectEnding('full');
  assert.equal(await heading(eve), 'Two people are in this appointment');
  assert.equal(await headingHasFocus(eve), true);
  await eve.page.getByText(/We try again in \d seconds?\./).waitFor();
  assert.deepEqual(await eve.devices.kindsInUse(), []);
  await expectNothingOf(secrets, eve);

  await bob.closeTab();
  await ann.call.expectState('reconnecting');
  const seconds = await eve.expectCountdown();
  assert.ok(seconds <= LEASE_S, `${seconds} s`);
  assert.equal(await heading(eve), 'Your earlier connection still holds this seat');
  await expectNothingOf(secrets, eve);

  await each([ann, eve], (person) => person.call.expectState('connected'));
  await each([ann, eve], (person) => person.media.expectToSeeAndHear());
  await eve.chat.expectMessages(['Ann: a word between the two']);
});

test('a person whose page crashed returns in another browser, waits, and joins with the same devices', async () => {
  const appointment = newAppointment();
  const { ann, bob } = await scene.pair(appointment);
  await bob.crash();
  await ann.call.expectState('reconnecting');

  const bobAgain = await scene.person('Bob');
  await bobAgain.openPreJoin(appointment);
  await bobAgain.devices.expectOwnPicture();
  await bobAgain.devices.choose('camera', 'fake_device_1');
  await bobAgain.devices.muteBeforeJoining();
  const camera = (await bobAgain.devices.labelsInUse()).find((label) => label === 'fake_device_1');
  assert.ok(camera);
  await bobAgain.enter();
  await bobAgain.expectCountdown();
  await each([ann, bobAgain], (person) => person.call.expectState('connected'));
  await ann.call.expectPeerToBe('muted');
  await bobAgain.media.expectToSeeAndHear();
  assert.ok((await bobAgain.devices.labelsInUse()).includes('fake_device_1'));
  assert.equal(await bobAgain.devices.requestCount(), 2, 'before joining, and for the other camera');
});

test('a person who reloads is paired again, with and without the proof of the seat', async () => {
  const { ann, bob } = await scene.pair(newAppointment());
  const participant = await bob.signaling.participant();
  await bob.reload();
  await each([ann, bob], (person) => person.call.expectState('connected'));
  await each([ann, bob], (person) => person.media.expectToSeeAndHear());
  assert.equal(await bob.signaling.participant(), participant);

  await bob.reloadWithoutStorage();
  await bob.enter();
  await bob.expectCountdown();
  await each([ann, bob], (person) => person.call.expectState('connected'));
  await each([ann, bob], (person) => person.media.expectToSeeAndHear());
  assert.notEqual(await bob.signaling.participant(), participant);
  assert.equal((await ann.signaling.joins()).length, 1, 'Ann stays in the room');
});

test('a person who leaves without a network can rejoin at once', async () => {
  const { ann, bob } = await scene.pair(newAppointment(), { losesServer: true });
  const participant = await bob.signaling.participant();
  await bob.signaling.goOffline();
  await bob.call.expectState('reconnecting');
  await bob.call.leave();
  await bob.signaling.goOnline();
  await bob.reopen();
  await each([ann, bob], (person) => person.call.expectState('connected'));
  assert.deepEqual(await bob.signaling.refusals(), []);
  assert.equal(await bob.signaling.participant(), participant);
});

test('a waiting person can go to another appointment, also by keyboard', async () => {
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
  test(`both screens fit every width in ${language}`, async () => {
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
