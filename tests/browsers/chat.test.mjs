// The chat: storage, rendering as text, unread messages, transcripts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { saveChats } from '../clients/support/http.mjs';
import { newAppointment } from './support/appointment.mjs';
import { each, openScene, PHONE } from './support/scene.mjs';

const scene = await openScene();

/** Markup that calls `alert` if a page renders it, which fails the test. */
const MARKUP = [
  '<img src=x onerror="alert(1)">',
  '<script>alert(2)</script>',
  '<a href="javascript:alert(3)">click</a> javascript:alert(4)',
  '"><svg onload=alert(5)>',
  '[link](javascript:alert(6)) **bold** https://example.com/?a=<b>',
  '&lt;b&gt; {{7*7}} ${alert(7)}',
];

/** Elements that rendered markup would add to the page. */
function strangeElements({ page }) {
  return page.evaluate(() => {
    const links = [...document.querySelectorAll('#root a')].map(({ href }) => href);
    const strange = document.querySelectorAll('#root :is(img, script, iframe, b, svg[onload])');
    return strange.length + links.filter((href) => !href.startsWith('https://example.com/')).length;
  });
}

test('markup in messages, names and appointments is shown as text', async () => {
  const appointment = `<img src=x onerror=alert('room')> ${newAppointment()}`;
  const name = '<b onclick=alert(8)>Mallory<b>';
  const ann = await scene.person('Ann');
  const mallory = await scene.person(name);
  await ann.join(appointment);
  await mallory.openLink(appointment);
  await mallory.call.expectState('connected');
  for (const text of MARKUP) await mallory.chat.send(text);

  const chat = MARKUP.map((text) => `${name}: ${text}`);
  await ann.chat.expectMessages(chat);
  await mallory.chat.expectMessages(MARKUP.map((text) => `You: ${text}`));
  for (const person of [ann, mallory]) assert.equal(await strangeElements(person), 0);
  assert.equal(await ann.page.title(), `${appointment} · Switchboard`);

  await ann.reload();
  await ann.chat.expectMessages(chat);
  assert.equal(await strangeElements(ann), 0);
});

test('a message keeps its lines, its emoji and its direction', async () => {
  const text = 'first line\n  second line 👩‍⚕️\nשלום';
  const { ann, bob } = await scene.pair(newAppointment());
  await ann.chat.send(text);
  await bob.chat.expectMessages([`Ann: ${text}`]);
});

test('links open without a referrer, and only for allowed schemes', async () => {
  const { ann, bob } = await scene.pair(newAppointment());
  await ann.chat.send('See (https://example.com/a_(b)), or javascript:alert(1).');
  await bob.chat.expectMessage('See');
  const links = await bob.page
    .locator('[data-testid=chat-message] a')
    .evaluateAll((found) => found.map(({ href, rel, target, textContent }) => ({ href, rel, target, textContent })));
  const href = 'https://example.com/a_(b)';
  assert.deepEqual(links, [{ href, rel: 'noopener noreferrer nofollow', target: '_blank', textContent: href }]);
});

test('unread messages are counted until they are read, also across a reload', async () => {
  const appointment = newAppointment();
  const ann = await scene.person('Ann', { screen: PHONE });
  const bob = await scene.person('Bob');
  await ann.openLink(appointment);
  await bob.openLink(appointment);
  await bob.call.expectState('connected');
  await ann.chat.open();
  await bob.chat.send('one');
  await ann.chat.expectMessage('one');
  await ann.expectTitle(`${appointment} · Switchboard`);
  await ann.chat.close();

  await bob.chat.send('two');
  await bob.chat.send('three');
  await ann.chat.expectUnread(2);
  await ann.expectTitle(`(2) ${appointment} · Switchboard`);
  await ann.reload();
  await ann.chat.expectUnread(2);
  await ann.chat.open();
  await ann.expectTitle(`${appointment} · Switchboard`);
  const drawn = await ann.page
    .locator('[data-testid=chat-new-line], [data-testid=chat-message] p:nth-of-type(1)[dir]')
    .allInnerTexts();
  assert.deepEqual(drawn, ['one', 'New messages', 'two', 'three']);
  await ann.reload();
  await ann.call.expectState('connected');
  await ann.chat.open();
  assert.equal(await ann.page.getByTestId('chat-new-line').count(), 0);
});

test('on a phone the video stays visible above the chat, and Escape closes the chat', async () => {
  const appointment = newAppointment();
  const ann = await scene.person('Ann', { screen: PHONE });
  const bob = await scene.person('Bob');
  await ann.openLink(appointment);
  await bob.openLink(appointment);
  await ann.media.expectToSeeAndHear();
  await ann.chat.open();
  const picture = await ann.page.getByTestId('remote-video').boundingBox();
  const chat = await ann.page.getByRole('region', { name: 'Chat', exact: true }).boundingBox();
  assert.ok(picture.height > 100 && picture.y + picture.height <= chat.y);
  await ann.media.expectToSeeAndHear();

  await ann.page.getByTestId('chat-input').press('Escape');
  await ann.page.getByTestId('chat-input').waitFor({ state: 'hidden' });
  assert.equal(await ann.page.evaluate(() => document.activeElement.dataset.testid), 'chat-toggle');
});

test('a reader further up keeps the position, and jumps to the newest message on request', async () => {
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
  await bob.chat.send('news');
  await ann.chat.expectMessage('news');
  await ann.expectTitle(`(1) ${appointment} · Switchboard`);
  await isInSight('message 250');
  await ann.page.getByTestId('jump-to-newest').click();
  await isInSight('news');
  await ann.page.getByTestId('jump-to-newest').waitFor({ state: 'detached' });
  await ann.expectTitle(`${appointment} · Switchboard`);
});

test('a very long message is folded until it is expanded', async () => {
  const { ann, bob } = await scene.pair(newAppointment());
  const text = 'word '.repeat(2_000).trim();
  await ann.chat.submit(text);
  await ann.chat.expectMessage('word word…', 'sent');
  await bob.chat.expectMessage('word word…');
  await bob.page.getByRole('button', { name: 'Show all' }).click();
  await bob.chat.expectMessages([`Ann: ${text}`]);
});

test('the chat is restored on the next visit, also after a server restart', async () => {
  const appointment = newAppointment();
  const { ann, bob } = await scene.pair(appointment);
  await ann.chat.send('See you next week.');
  await bob.chat.send('See you!');
  await ann.chat.expectMessage('See you!');
  await each([ann, bob], (person) => person.call.leave());

  await scene.server.stop();
  await scene.server.start();

  const annNextWeek = await scene.person('Ann');
  const bobNextWeek = await scene.person('Bob');
  await annNextWeek.join(appointment);
  await bobNextWeek.join(appointment);
  await annNextWeek.chat.expectMessages(['You: See you next week.', 'Bob: See you!']);
  await bobNextWeek.chat.expectMessages(['Ann: See you next week.', 'You: See you!']);
  await each([annNextWeek, bobNextWeek], (person) => person.media.expectToSeeAndHear());
});

test('entries of other clients are shown in a readable form', async () => {
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
  await ann.chat.expectMessages([
    'Carol: from an older client',
    'Unknown: just a string',
    'Unknown: 42',
    'Unknown: null',
    'Unknown: []',
    'Unknown: {"name":{"first":"Dan"},"body":{"html":"<b>bold</b>"}}',
    '__proto__: {"name":"__proto__","body":"","sent_at":"yesterday"}',
  ]);
});
