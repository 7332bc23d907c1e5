// The chat as it is kept, and as it is shown: text, whatever is in it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { saveChats } from '../clients/support/http.mjs';
import { newAppointment } from './support/appointment.mjs';
import { each, openScene, PHONE } from './support/scene.mjs';

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
  return page.evaluate(() => {
    const links = [...document.querySelectorAll('#root a')].map(({ href }) => href);
    const strange = document.querySelectorAll('#root :is(img, script, iframe, b, svg[onload])');
    return strange.length + links.filter((href) => !href.startsWith('https://example.com/')).length;
  });
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

test('links lead out of the page without telling where from, and only to where links may lead', async () => {
  const { ann, bob } = await scene.pair(newAppointment());
  await ann.write('See (https://example.com/a_(b)), or javascript:alert(1).');
  await bob.expectMessage('See');
  const links = await bob.page
    .locator('[data-testid=chat-message] a')
    .evaluateAll((found) => found.map(({ href, rel, target, textContent }) => ({ href, rel, target, textContent })));
  const href = 'https://example.com/a_(b)';
  assert.deepEqual(links, [{ href, rel: 'noopener noreferrer nofollow', target: '_blank', textContent: href }]);
});

test('what is new is counted until it is read, over a reload as well', async () => {
  const appointment = newAppointment();
  const ann = await scene.person('Ann', { screen: PHONE });
  const bob = await scene.person('Bob');
  await ann.openLink(appointment);
  await bob.openLink(appointment);
  await bob.expectState('connected');
  await ann.openChat();
  await bob.write('one');
  await ann.expectMessage('one');
  await ann.expectTitle(`${appointment} · Switchboard`);
  await ann.closeChat();

  await bob.write('two');
  await bob.write('three');
  await ann.expectUnread(2);
  await ann.expectTitle(`(2) ${appointment} · Switchboard`);
  await ann.reload();
  await ann.expectUnread(2);
  await ann.openChat();
  await ann.expectTitle(`${appointment} · Switchboard`);
  const drawn = await ann.page
    .locator('[data-testid=chat-new-line], [data-testid=chat-message] p:nth-of-type(1)[dir]')
    .allInnerTexts();
  assert.deepEqual(drawn, ['one', 'New messages', 'two', 'three']);
  await ann.reload();
  await ann.expectState('connected');
  await ann.openChat();
  assert.equal(await ann.page.getByTestId('chat-new-line').count(), 0);
});

test('on a phone the picture stays in sight above the chat, and Escape closes it', async () => {
  const appointment = newAppointment();
  const ann = await scene.person('Ann', { screen: PHONE });
  const bob = await scene.person('Bob');
  await ann.openLink(appointment);
  await bob.openLink(appointment);
  await ann.expectToSeeAndHear();
  await ann.openChat();
  const picture = await ann.page.getByTestId('remote-video').boundingBox();
  const chat = await ann.page.getByRole('region', { name: 'Chat', exact: true }).boundingBox();
  assert.ok(picture.height > 100 && picture.y + picture.height <= chat.y);
  await ann.expectToSeeAndHear();

  await ann.page.getByTestId('chat-input').press('Escape');
  await ann.page.getByTestId('chat-input').waitFor({ state: 'hidden' });
  assert.equal(await ann.page.evaluate(() => document.activeElement.dataset.testid), 'chat-toggle');
});

test('whoever reads further up stays there, and jumps to the newest when they like', async () => {
  const appointment = newAppointment();
  const chats = Array.from({ length: 450 }, (_, index) => ({ id: `${index}`, name: 'Carol', body: `message ${index}` }));
  await saveChats(scene.server, appointment, chats);
  const { ann, bob } = await scene.pair(appointment);
  const isInSight = (text) =>
    ann.page.waitForFunction((wanted) => {
      const list = document.querySelector('section[aria-label=Messages]').getBoundingClientRect();
      const item = [...document.querySelectorAll('[data-testid=chat-message]')].find((one) => one.innerText.endsWith(wanted));
      const box = item?.getBoundingClientRect();
      return box && box.top >= list.top - 1 && box.bottom <= list.bottom + 1;
    }, text);
  await isInSight('message 449');

  await ann.page.getByRole('button', { name: 'Show earlier messages' }).click();
  await isInSight('message 250');
  await bob.write('news');
  await ann.expectMessage('news');
  await ann.expectTitle(`(1) ${appointment} · Switchboard`);
  await isInSight('message 250');
  await ann.page.getByTestId('jump-to-newest').click();
  await isInSight('news');
  await ann.page.getByTestId('jump-to-newest').waitFor({ state: 'detached' });
  await ann.expectTitle(`${appointment} · Switchboard`);
});

test('a very long message is folded until somebody wants to read it', async () => {
  const { ann, bob } = await scene.pair(newAppointment());
  const text = 'word '.repeat(2_000).trim();
  await ann.submit(text);
  await ann.expectMessage('word word…', 'sent');
  await bob.expectMessage('word word…');
  await bob.page.getByRole('button', { name: 'Show all' }).click();
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
