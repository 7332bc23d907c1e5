// A person at the call page: visits, tabs and the screens in place of a call. The views hold the rest.

import { CallView } from './call.mjs';
import { ChatView } from './chat.mjs';
import { ConnectionView } from './connection.mjs';
import { DevicesView } from './devices.mjs';
import { MediaView } from './media.mjs';
import { SignalingView } from './signaling.mjs';
import { View } from './view.mjs';

export class Person extends View {
  call;
  chat;
  connection;
  devices;
  media;
  signaling;
  /** Violations by this browser. @type {import('../conduct.mjs').Conduct} */
  conduct;

  constructor(name, page, conduct) {
    super(name, page);
    this.conduct = conduct;
    this.call = new CallView(name, page);
    this.chat = new ChatView(name, page);
    this.connection = new ConnectionView(name, page);
    this.devices = new DevicesView(name, page);
    this.media = new MediaView(name, page);
    this.signaling = new SignalingView(name, page);
  }

  async openFirstPage() {
    await this.page.goto('/', { waitUntil: 'domcontentloaded' });
  }

  /** Joins from the first page. */
  async join(appointment) {
    await this.openFirstPage();
    await this.at('appointment-input').fill(appointment);
    await this.at('name-input').fill(this.name);
    await this.at('join-button').click();
    await this.enter();
  }

  /** Joins by an invitation link. */
  async openLink(appointment) {
    await this.openPreJoin(appointment);
    await this.enter();
  }

  /** Follows an invitation link to the page before the room. */
  async openPreJoin(appointment) {
    await this.#follow(appointment);
    await this.at('prejoin').waitFor();
  }

  async #follow(appointment) {
    const name = new URLSearchParams({ name: this.name });
    await this.page.goto(`/room/${encodeURIComponent(appointment)}?${name}`, { waitUntil: 'domcontentloaded' });
  }

  /** Joins from the page before the room. */
  async enter() {
    await this.at('prejoin-join-button').click();
  }

  async reload() {
    await this.page.reload({ waitUntil: 'domcontentloaded' });
  }

  /** Opens the room again from the final screen. */
  async reopen() {
    await this.at('reopen-button').click();
  }

  /** Opens the same page in another tab, as the browser's “Duplicate” does. */
  async duplicateTab() {
    const opening = this.page.waitForEvent('popup');
    await this.page.evaluate(() => void window.open(location.href));
    return new Person(this.name, await opening, this.conduct);
  }

  /** Follows an invitation link in a new tab of the same browser. */
  async openTab(appointment, name = this.name) {
    const tab = new Person(name, await this.page.context().newPage(), this.conduct);
    await tab.#follow(appointment);
    return tab;
  }

  async closeTab() {
    await this.page.close();
  }

  /** Kills the page without an unload event, as running out of memory does. */
  async crash() {
    const crashed = this.page.waitForEvent('crash');
    await Promise.all([crashed, this.page.goto('chrome://crash').catch(() => {})]);
  }

  /** Reloads the page after clearing the browser's storage. */
  async reloadWithoutStorage() {
    await this.page.evaluate(() => {
      sessionStorage.clear();
      localStorage.clear();
    });
    await this.reload();
  }

  /** Chooses this tab when asked about another one. */
  async useThisTab() {
    await this.at('use-this-tab-button').click();
  }

  /** Joins as another participant when asked about another tab. */
  async joinAsAnother() {
    await this.at('join-as-another-button').click();
    await this.at('prejoin-name-input').fill(this.name);
    await this.enter();
  }

  /** Waits for a screen in place of a call. @param {string} name its `data-ending` */
  async expectEnding(name) {
    await this.until(
      `the screen “${name}”`,
      (wanted) => document.querySelector('[data-testid=ending]')?.dataset.ending === wanted,
      name,
    );
  }

  /** Waits for a running countdown until a seat is free. Returns its first value, in seconds. */
  async expectCountdown() {
    await this.expectEnding('seat-held');
    const first = Number(await this.at('seat-countdown').getAttribute('data-seconds'));
    await this.until(
      'the countdown to run',
      (before) => Number(document.querySelector('[data-testid=seat-countdown]')?.dataset.seconds) < before,
      first,
    );
    return first;
  }

  async tryNow() {
    await this.at('try-now-button').click();
  }

  /** The text of the page, and its title. */
  text() {
    return this.page.evaluate(() => `${document.title}\n${document.body.innerText}`);
  }

  async expectTitle(title) {
    await this.until(`the title “${title}”`, (wanted) => document.title === wanted, title);
  }
}
