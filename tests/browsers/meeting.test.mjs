// Two people meet: they come by the first page or by a link, they see, hear and write to each other, and whoever loads
// the page anew is back where they were.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newAppointment } from './support/appointment.mjs';
import { each, openScene, PHONE } from './support/scene.mjs';

const scene = await openScene();

test('two people who join from the first page see, hear and write to each other', async () => {
  const appointment = newAppointment();
  const ann = await scene.person('Ann');
  const bob = await scene.person('Bob');

  await ann.join(appointment);
  await ann.expectState('waiting');
  await bob.join(appointment);
  await each([ann, bob], (person) => person.expectState('connected'));
  await each([ann, bob], (person) => person.expectToSeeAndHear());

  await ann.write('Good morning, Bob!');
  await bob.expectMessage('Good morning, Bob!');
  await bob.write('Good morning.');
  await ann.expectChat(['You: Good morning, Bob!', 'Bob: Good morning.']);
  await bob.expectChat(['Ann: Good morning, Bob!', 'You: Good morning.']);
});

test('a phone and a desk meet, and the phone counts what was written while its chat is closed', async () => {
  const appointment = newAppointment();
  const ann = await scene.person('Ann', { screen: PHONE });
  const bob = await scene.person('Bob');
  await ann.join(appointment);
  await bob.join(appointment);
  await each([ann, bob], (person) => person.expectToSeeAndHear());

  await bob.write('Can you hear me?');
  await bob.write('You are muted, I think.');
  await ann.expectUnread(2);
  await ann.openChat();
  await ann.write('Yes!');
  await ann.expectChat(['Bob: Can you hear me?', 'Bob: You are muted, I think.', 'You: Yes!']);
});

for (const appointment of ['Zoë’s 2nd visit', '100% sure?', 'a+b&c=d #7', '診察 42', 'version 1.5']) {
  test(`the link to the appointment “${appointment}” leads to where the first page leads`, async () => {
    const ann = await scene.person('Ann');
    const bob = await scene.person('Bob O’Neil & Söhne');
    await ann.join(appointment);
    await ann.expectState('waiting');
    await bob.openLink(appointment);
    await each([ann, bob], (person) => person.expectState('connected'));
    await bob.write('Here I am.');
    await ann.expectChat(['Bob O’Neil & Söhne: Here I am.']);
  });
}

test('a reload finds the chat, the call and the same participant again', async () => {
  const { ann, bob } = await scene.pair(newAppointment());
  await ann.write('one');
  await bob.write('two');
  await ann.expectMessage('two');
  const before = { ann: await ann.participant(), bob: await bob.participant() };

  await bob.reload();
  await each([ann, bob], (person) => person.expectState('connected'));
  await each([ann, bob], (person) => person.expectToSeeAndHear());
  await bob.expectChat(['Ann: one', 'You: two']);
  assert.deepEqual({ ann: await ann.participant(), bob: await bob.participant() }, before);

  await bob.write('three');
  await ann.expectChat(['You: one', 'Bob: two', 'Bob: three']);
});
