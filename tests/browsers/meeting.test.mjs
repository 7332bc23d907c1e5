// Two people meet by the first page or by a link, see, hear and write to each other, and recover after a
// reload.

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
  await ann.call.expectState('waiting');
  await bob.join(appointment);
  await each([ann, bob], (person) => person.call.expectState('connected'));
  await each([ann, bob], (person) => person.media.expectToSeeAndHear());

  await ann.chat.send('Good morning, Bob!');
  await bob.chat.expectMessage('Good morning, Bob!');
  await bob.chat.send('Good morning.');
  await ann.chat.expectMessages(['You: Good morning, Bob!', 'Bob: Good morning.']);
  await bob.chat.expectMessages(['Ann: Good morning, Bob!', 'You: Good morning.']);
});

test('a phone and a desktop meet, and the phone counts unread messages while its chat is closed', async () => {
  const appointment = newAppointment();
  const ann = await scene.person('Ann', { screen: PHONE });
  const bob = await scene.person('Bob');
  await ann.join(appointment);
  await bob.join(appointment);
  await each([ann, bob], (person) => person.media.expectToSeeAndHear());

  await bob.chat.send('Can you hear me?');
  await bob.chat.send('You are muted, I think.');
  await ann.chat.expectUnread(2);
  await ann.chat.open();
  await ann.chat.send('Yes!');
  await ann.chat.expectMessages(['Bob: Can you hear me?', 'Bob: You are muted, I think.', 'You: Yes!']);
});

for (const appointment of ['Zoë’s 2nd visit', '100% sure?', 'a+b&c=d #7', '診察 42', 'version 1.5']) {
  test(`the link to the appointment “${appointment}” leads to the same room as the first page`, async () => {
    const ann = await scene.person('Ann');
    const bob = await scene.person('Bob O’Neil & Söhne');
    await ann.join(appointment);
    await ann.call.expectState('waiting');
    await bob.openLink(appointment);
    await each([ann, bob], (person) => person.call.expectState('connected'));
    await bob.chat.send('Here I am.');
    await ann.chat.expectMessages(['Bob O’Neil & Söhne: Here I am.']);
  });
}

test('a reload recovers the chat, the call and the participant', async () => {
  const { ann, bob } = await scene.pair(newAppointment());
  await ann.chat.send('one');
  await bob.chat.send('two');
  await ann.chat.expectMessage('two');
  const before = { ann: await ann.signaling.participant(), bob: await bob.signaling.participant() };

  await bob.reload();
  await each([ann, bob], (person) => person.call.expectState('connected'));
  await each([ann, bob], (person) => person.media.expectToSeeAndHear());
  await bob.chat.expectMessages(['Ann: one', 'You: two']);
  assert.deepEqual({ ann: await ann.signaling.participant(), bob: await bob.signaling.participant() }, before);

  await bob.chat.send('three');
  await ann.chat.expectMessages(['You: one', 'Bob: two', 'Bob: three']);
});
