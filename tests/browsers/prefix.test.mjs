// The page and the demos under a path prefix: one person behind a proxy that strips it, the other behind one
// that passes it on, as the server itself does.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { after, test } from 'node:test';
import { newAppointment } from './support/appointment.mjs';
import { each, openScene } from './support/scene.mjs';

const PREFIX = '/visits';

const scene = await openScene({ BASE_PATH: PREFIX });
const stripping = await openStrippingProxy(scene.server.url);

/** A proxy that serves nothing outside the prefix, and passes requests on without it. */
async function openStrippingProxy(server) {
  const passOn = ({ method, url, headers }) =>
    request(new URL(url.slice(PREFIX.length) || '/', server), { method, headers });
  const isInside = ({ url }) => url.startsWith(`${PREFIX}/`);
  const proxy = createServer((asked, response) => {
    if (!isInside(asked)) return response.writeHead(502).end();
    const passed = passOn(asked);
    passed.on('response', (answer) => answer.pipe(response.writeHead(answer.statusCode, answer.headers)));
    passed.on('error', () => response.destroy());
    asked.pipe(passed);
  });
  proxy.on('upgrade', (asked, client) => {
    if (!isInside(asked)) return client.destroy();
    const passed = passOn(asked).end();
    passed.on('upgrade', ({ rawHeaders }, socket) => {
      const lines = rawHeaders.map((text, index) => (index % 2 ? `${text}\r\n` : `${text}: `));
      client.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('')}\r\n`);
      for (const [from, to] of [[client, socket], [socket, client]]) {
        from.pipe(to);
        from.on('error', () => to.destroy());
      }
    });
    passed.on('error', () => client.destroy());
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  after(() => {
    proxy.close();
    proxy.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${proxy.address().port}` };
}

/** Two persons: Ann behind the stripping proxy. */
async function persons() {
  return { ann: await scene.person('Ann', { through: stripping }), bob: await scene.person('Bob') };
}

async function enterRoom(person, appointment) {
  const room = `${PREFIX}/room/${encodeURIComponent(appointment)}`;
  await person.page.goto(`${room}?${new URLSearchParams({ name: person.name })}`);
  await person.enter();
}

test('a call connects and is resumed after a reload', async () => {
  const { ann, bob } = await persons();
  const appointment = newAppointment();
  await enterRoom(ann, appointment);
  await ann.call.expectState('waiting');
  await enterRoom(bob, appointment);
  await each([ann, bob], (person) => person.call.expectState('connected'));
  await ann.reload();
  await each([ann, bob], (person) => person.call.expectState('connected'));
  assert.match(ann.page.url(), /\/visits\/room\//);
});

test('the first page leads to rooms and demos, and a page outside the prefix to itself inside', async () => {
  const { ann, bob } = await persons();
  for (const { page } of [ann, bob]) {
    await page.goto(`${PREFIX}/`);
    const demos = page.locator('nav a');
    const links = await demos.evaluateAll((all) => all.map((link) => new URL(link.href).pathname));
    assert.deepEqual(links, ['signals', 'direct', 'arbiter', 'kurento'].map((door) => `${PREFIX}/demos/${door}`));
  }
  await bob.page.goto('/room/7?name=Bob');
  await bob.page.waitForURL(`**${PREFIX}/room/7?name=Bob`);
  await bob.at('prejoin').waitFor();
});

test('a demo finds its door', async () => {
  const { ann, bob } = await persons();
  const call = new URLSearchParams({ call: newAppointment() });
  await each([ann, bob], ({ page }) => page.goto(`${PREFIX}/demos/signals?${call}`));
  const connected = (page) => page.locator('body[data-state=connected]').waitFor({ state: 'attached' });
  await each([ann, bob], ({ page }) => connected(page));
  for (const door of ['direct', 'arbiter', 'kurento']) {
    await ann.page.goto(`${PREFIX}/demos/${door}`);
    await ann.page.getByText('To the call page').click();
    await ann.page.waitForURL(`${stripping.url}${PREFIX}/`);
  }
});
