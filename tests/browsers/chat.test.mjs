// The chat as it is kept, and as it is shown: text, whatever is in it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { saveChats } from '../clients/support/http.mjs';
import { newAppointment } from './support/appointment.mjs';
import { each, openScene } from './support/scene.mjs';

const scene = await openScene();

/** Each of them would call `alert`, which no page of ours may. */
const MARKUP = [
  '<img src=x onerror="alert(1)">',
  '<script>alert(2)</script>',
  '<a href="javascript:alert(3)">click</a> javascript:alert(4)',
  '"><svg onload=alert(5)>',
  '[link](javascript:alert(6)) **bold** https://example.com/?a=<b>',
  '&lt;b&gt; {{7*7}} ${alert(7)}',
];

/** What is in the page besides the app's own elements, were any markup taken for what it says. */
function strangeElements({ page }) {
  return page.evaluate(() => document.querySelectorAll('#root :is(img, script, iframe, a, b, svg[onload])').length);
}

test('markup in messages, names and appointments is shown as it was written', async () => {
  const appointment = `<img src=x onerror=alert('room')> ${newAppointment()}`;
  const name = '<b onclick=alert(8)>Mallory<b>';
  const ann = await scene.person('Ann');
  const mallory = await scene.person(name);
  await ann.join(appointment);
  await mallory.openLink(appointment);
  await mallory.expectState('connected');
  for (const text of MARKUP) await mallory.write(text);

  const chat = MARKUP.map((text) => `${name}: ${text}`);
  await ann.expectChat(chat);
  await mallory.expectChat(MARKUP.map((text) => `You: ${text}`));
  for (const person of [ann, mallory]) assert.equal(await strangeElements(person), 0);
  assert.equal(await ann.page.title(), `${appointment} · Switchboard`);

  await ann.reload();
  await ann.expectChat(chat);
  assert.equal(await strangeElements(ann), 0);
});

test('a message keeps its lines, its emoji and its direction', async () => {
  const text = 'first line\n  second line 👩‍⚕️\nשלום';
  const { ann, bob } = await scene.pair(newAppointment());
  await ann.write(text);
  await bob.expectChat([`Ann: ${text}`]);
});

test('the chat is found again on the next visit, also when the server was restarted in between', async () => {
  const appointment = newAppointment();
  const { ann, bob } = await scene.pair(appointment);
  await ann.write('See you next week.');
  await bob.write('See you!');
  await ann.expectMessage('See you!');
  await each([ann, bob], (person) => person.leave());

  await scene.server.stop();
  await scene.server.start();

  const annNextWeek = await scene.person('Ann');
  const bobNextWeek = await scene.person('Bob');
  await annNextWeek.join(appointment);
  await bobNextWeek.join(appointment);
  await annNextWeek.expectChat(['You: See you next week.', 'Bob: See you!']);
  await bobNextWeek.expectChat(['Ann: See you next week.', 'You: See you!']);
  await each([annNextWeek, bobNextWeek], (person) => person.expectToSeeAndHear());
});

test('entries that other clients saved are shown as well as can be', async () => {
  const appointment = newAppointment();
  const { status } = await saveChats(scene.server, appointment, [
    { sender: 'Carol', text: 'from an older client', timestamp: 1_760_000_000_000 },
    'just a string',
    42,
    null,
    [],
    { name: { first: 'Dan' }, body: { html: '<b>bold</b>' } },
    { name: '__proto__', body: '', sent_at: 'yesterday' },
  ]);
  assert.equal(status, 200);

  const ann = await scene.person('Ann');
  await ann.openLink(appointment);
  await ann.expectChat([
    'Carol: from an older client',
    'Unknown: just a string',
    'Unknown: 42',
    'Unknown: null',
    'Unknown: []',
    'Unknown: {"name":{"first":"Dan"},"body":{"html":"<b>bold</b>"}}',
    '__proto__: {"name":"__proto__","body":"","sent_at":"yesterday"}',
  ]);
});
