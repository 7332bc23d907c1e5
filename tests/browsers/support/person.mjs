// Somebody in front of the call page: what people do there, and what they expect to find.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { DEADLINE_MS, within } from '../../clients/support/deadline.mjs';

/** What grows for as long as somebody sees the other one move. */
const SIGHT = { framesDecoded: 1, framesShown: 1 };

/** A hundredth of what one beep of the browser's microphone amounts to. */
const AUDIBLE = 1e-3;

/** What grows for as long as somebody hears the other one: not only packets, but something loud is in them. */
const SOUND = { bytesHeard: 1, loudness: AUDIBLE };

/** A second, in which the microphone would beep twice. */
const SILENCE = { samples: 48_000, loudness: AUDIBLE };

export class Person {
  name;
  /** @type {import('playwright-core').Page} */
  page;
  /** How their browser behaved. @type {import('./conduct.mjs').Conduct} */
  conduct;

  constructor(name, page, conduct) {
    this.name = name;
    this.page = page;
    this.conduct = conduct;
    page.setDefaultTimeout(DEADLINE_MS);
  }

  // Going places

  async openFirstPage() {
    await this.page.goto('/', { waitUntil: 'domcontentloaded' });
  }

  /** Joins as most people do: from the first page. */
  async join(appointment) {
    await this.openFirstPage();
    await this.#at('appointment-input').fill(appointment);
    await this.#at('name-input').fill(this.name);
    await this.#at('join-button').click();
    await this.enter();
  }

  /** Joins by the link in an invitation. */
  async openLink(appointment) {
    await this.goToDoor(appointment);
    await this.enter();
  }

  /** Follows the link as far as the page before the room. */
  async goToDoor(appointment) {
    await this.#follow(appointment);
    await this.#at('prejoin').waitFor();
  }

  async #follow(appointment) {
    const name = new URLSearchParams({ name: this.name });
    await this.page.goto(`/room/${encodeURIComponent(appointment)}?${name}`, { waitUntil: 'domcontentloaded' });
  }

  /** Goes in from the page before the room. */
  async enter() {
    await this.#at('prejoin-join-button').click();
  }

  async reload() {
    await this.page.reload({ waitUntil: 'domcontentloaded' });
  }

  async leave() {
    await this.#at('leave-button').click();
    await this.expectState('ended');
  }

  /** Takes the way back that the page offers when it is all over. */
  async comeBack() {
    await this.#at('reopen-button').click();
  }

  /** Opens the same page in another tab, as “Duplicate” in a tab's menu does. */
  async duplicateTab() {
    const opening = this.page.waitForEvent('popup');
    await this.page.evaluate(() => void window.open(location.href));
    return new Person(this.name, await opening, this.conduct);
  }

  /** Follows the link to an appointment in a new tab of the same browser. */
  async openTab(appointment, name = this.name) {
    const tab = new Person(name, await this.page.context().newPage(), this.conduct);
    await tab.#follow(appointment);
    return tab;
  }

  async closeTab() {
    await this.page.close();
  }

  /** The page dies without a chance to say anything, as one does that runs out of memory. */
  async crash() {
    const crashed = this.page.waitForEvent('crash');
    await Promise.all([crashed, this.page.goto('chrome://crash').catch(() => {})]);
  }

  /** Loads the page in a browser that has forgotten everything. */
  async reloadForgetful() {
    await this.page.evaluate(() => {
      sessionStorage.clear();
      localStorage.clear();
    });
    await this.reload();
  }

  /** Is asked about another tab, and goes on in this one. */
  async useThisTab() {
    await this.#at('use-this-tab-button').click();
  }

  /** Is asked about another tab, is somebody else, and says who. */
  async joinAsAnother() {
    await this.#at('join-as-another-button').click();
    await this.#at('prejoin-name-input').fill(this.name);
    await this.enter();
  }

  /** Sees a screen in place of a call. @param {string} name what is in its `data-ending` */
  async expectEnding(name) {
    await this.#until(
      `the screen “${name}”`,
      (wanted) => document.querySelector('[data-testid=ending]')?.dataset.ending === wanted,
      name,
    );
  }

  // A room without a free seat

  /** Waits outside, sees for how many seconds, and sees the seconds pass. */
  async expectCountdown() {
    await this.expectEnding('seat-held');
    const first = Number(await this.#at('seat-countdown').getAttribute('data-seconds'));
    await this.#until(
      'the seconds to pass',
      (before) => Number(document.querySelector('[data-testid=seat-countdown]')?.dataset.seconds) < before,
      first,
    );
    return first;
  }

  async tryNow() {
    await this.#at('try-now-button').click();
  }

  /** What the server said to this page, packet by packet. */
  packets() {
    return this.page.evaluate(() => window.probe.packets);
  }

  /** How often the server has refused this page, by the code of the reason. */
  async refusals() {
    const errors = (await this.packets()).filter((packet) => packet.startsWith('42["error"'));
    return errors.map((packet) => JSON.parse(packet.slice(2))[1].code);
  }

  /** All that is to be read on the page, and in its title. */
  words() {
    return this.page.evaluate(() => `${document.title}\n${document.body.innerText}`);
  }

  /** Saves the chat as a file, and reads it. */
  async saveTranscript() {
    const [download] = await Promise.all([
      this.page.waitForEvent('download'),
      this.#at('transcript-button').click(),
    ]);
    const path = await download.path();
    return { name: download.suggestedFilename(), text: await readFile(path, 'utf8') };
  }

  async expectTitle(title) {
    await this.#until(`the title “${title}”`, (wanted) => document.title === wanted, title);
  }

  // The call

  /** @param {'waiting' | 'connecting' | 'connected' | 'reconnecting' | 'full' | 'replaced' | 'ended'} state */
  async expectState(state) {
    await this.#until(
      `the call to be ${state}`,
      (wanted) => document.querySelector('[data-testid=call-state]')?.dataset.state === wanted,
      state,
    );
  }

  /** Sees the other one move and hears them, now and for a while. */
  async expectToSeeAndHear() {
    await this.#expectFlowOf({ ...SIGHT, ...SOUND });
  }

  async expectToHear() {
    await this.#expectFlowOf(SOUND);
  }

  /** Once could be the tail of something that has ended; twice is a flow. */
  async #expectFlowOf(figures) {
    for (const more of ['more', 'still more']) {
      const receiving = this.page.evaluate((amounts) => window.probe.receiveMore(amounts), figures);
      await this.#expect(`${more} of ${Object.keys(figures)}`, within(receiving, 'media'));
    }
  }

  async expectSilence() {
    const listening = this.page.evaluate((limits) => window.probe.hearNothing(limits), SILENCE);
    await this.#expect('silence', within(listening, 'silence'));
  }

  /** The other one's picture is black. */
  async expectDarkness() {
    await this.#until('darkness', () => window.probe.brightestSpot() < 32);
  }

  async expectLight() {
    await this.#until('light', () => window.probe.brightestSpot() > 128);
  }

  async pressMute() {
    await this.#at('mute-button').click();
  }

  async pressCamera() {
    await this.#at('camera-button').click();
  }

  async pressShare() {
    await this.#at('share-button').click();
  }

  /** Ends the sharing of a screen as the browser's own button does. */
  async stopSharingByBrowser() {
    await this.page.evaluate(() => {
      const screen = window.probe.screens.at(-1);
      screen.stop();
      screen.dispatchEvent(new Event('ended'));
    });
  }

  /** @param {'muted' | 'camera-off' | 'sharing' | 'reconnecting'} state as it is shown on the other one's tile */
  async expectPeerToBe(state) {
    await this.#at(`peer-${state}`).waitFor();
  }

  /** @param {'muted' | 'camera-off' | 'sharing' | 'reconnecting'} state */
  async expectPeerNotToBe(state) {
    await this.#at(`peer-${state}`).waitFor({ state: 'detached' });
  }

  /** The other one's picture is as wide as this, in its own pixels. */
  async expectPictureOfWidth(width) {
    await this.#until(
      `a picture ${width} pixels wide`,
      (wanted) => document.querySelector('[data-testid=remote-video]').videoWidth === wanted,
      width,
    );
  }

  /** Waits until this page has offered once more than so many times. */
  async expectMoreOffersThan(count) {
    await this.#until('another offer', (before) => window.probe.offers > before, count);
  }

  /** How often this page has offered: once at most, unless something went wrong. */
  offersMade() {
    return this.page.evaluate(() => window.probe.offers);
  }

  /** Looks for a new path between the two, as after a change of the network. */
  async restartIce() {
    await this.page.evaluate(() => window.probe.calls.at(-1).restartIce());
  }

  /** Has the page measure a network on which everything takes so long; null for the one that there is. */
  async believeRoundTripsOf(seconds) {
    await this.page.evaluate((time) => {
      window.probe.roundTripTime = time;
    }, seconds);
  }

  /** Sees that a picture has given way to the sound. @param {'own' | 'peer'} whose */
  async expectPausedPicture(whose) {
    await this.page.locator(`[data-testid=video-paused][data-whose=${whose}]`).waitFor();
  }

  /** What names the path as this side sees it; another one after each restart. */
  iceFragment() {
    return this.page.evaluate(
      () => window.probe.calls.at(-1).currentLocalDescription.sdp.match(/a=ice-ufrag:(\S+)/)[1],
    );
  }

  /** The corner of the own picture: of the top (start) or bottom, and of the left (start) or right. */
  async expectOwnPictureIn(corner) {
    await this.#until(
      `the own picture in the corner ${corner}`,
      (wanted) => document.querySelector('[data-testid=own-tile]')?.dataset.corner === wanted,
      corner,
    );
  }

  /** How many media connections this page has made: one, for as long as a call is not interrupted. */
  callsMade() {
    return this.page.evaluate(() => window.probe.calls.length);
  }

  /** The servers that its media connections may ask for a way to the other side. */
  async iceServers() {
    const configurations = await this.page.evaluate(() => window.probe.configurations);
    return configurations.flatMap(({ iceServers = [] }) => iceServers);
  }

  /** The names by which it may ask TURN servers, one after the other. */
  async turnUsernames() {
    const usernames = (await this.iceServers()).flatMap(({ username }) => username ?? []);
    return [...new Set(usernames)];
  }

  /** Waits until there were so many of them. */
  async expectTurnUsernames(count) {
    await this.#until(
      `${count} names for TURN servers`,
      (wanted) => {
        const servers = window.probe.configurations.flatMap(({ iceServers = [] }) => iceServers);
        return new Set(servers.flatMap(({ username }) => username ?? [])).size >= wanted;
      },
      count,
    );
  }

  /** Reads off the quality sign how the two are connected. @param {'direct' | 'relayed'} kind */
  async expectPath(kind) {
    await this.page.locator(`[data-testid=quality-sign][data-path=${kind}]`).waitFor();
  }

  /** What names the own end of the path in use: another one when a new path has taken over. */
  pathFragment() {
    return this.page.evaluate(async () => (await window.probe.localCandidate()).usernameFragment);
  }

  async expectOtherPathThan(fragment) {
    await this.#until(
      'another path',
      async (before) => {
        const candidate = await window.probe.localCandidate();
        return candidate?.candidateType === 'relay' && candidate.usernameFragment !== before;
      },
      fragment,
    );
  }

  /** What the server answered each time that this page joined. */
  joins() {
    return this.page.evaluate(() => window.probe.joins());
  }

  /** The id by which the server knows this participant. */
  async participant() {
    return (await this.joins()).at(-1).participant;
  }

  // The chat

  /** Writes a message and sees it delivered. */
  async write(text) {
    await this.submit(text);
    await this.expectMessage(text, 'sent');
  }

  /** Writes a message, whatever will become of it. */
  async submit(text) {
    await this.#at('chat-input').fill(text);
    await this.#at('chat-send').click();
  }

  /** @param {'sent' | 'sending' | 'failed' | undefined} delivery of one's own; none for the other one's */
  async expectMessage(text, delivery) {
    await this.#until(
      `the message “${text}”, ${delivery ?? 'from the other side'}`,
      ([body, state]) =>
        [...document.querySelectorAll('[data-testid=chat-message]')].some(
          (message) => message.dataset.delivery === state && message.innerText.includes(body),
        ),
      [text, delivery],
    );
  }

  /** The chat is exactly this, in this order: `['You: hello', 'Bob: hi']`. */
  async expectChat(expected) {
    await this.#until(
      `${expected.length} messages`,
      (count) => document.querySelectorAll('[data-testid=chat-message]').length >= count,
      expected.length,
    );
    const messages = await this.#at('chat-message').evaluateAll((items) =>
      items.map((item) => {
        const [heading, body] = item.querySelectorAll('p');
        return `${heading.querySelector('span').innerText}: ${body.innerText}`;
      }),
    );
    assert.deepEqual(messages, expected);
  }

  /** On a small screen the chat is not in sight until it is asked for. */
  async openChat() {
    await this.#at('chat-toggle').click();
    await this.#at('chat-input').waitFor();
  }

  async closeChat() {
    await this.page.getByRole('button', { name: 'Close the chat' }).click();
    await this.#at('chat-input').waitFor({ state: 'hidden' });
  }

  async expectUnread(count) {
    await this.#until(
      `${count} unread messages`,
      (wanted) => document.querySelector('[data-testid=chat-toggle] [role=status]')?.innerText.startsWith(wanted),
      String(count),
    );
  }

  // The devices

  /** Reads why the page has no camera or no microphone. */
  async notice() {
    return this.#at('media-notice').innerText();
  }

  /** Allows the page to use its devices after all, in the settings of the browser, and touches nothing else. */
  async allowDevices() {
    await this.page.context().grantPermissions(['camera', 'microphone']);
  }

  /** What the page says about missing devices before joining, problem by problem. */
  async expectHelp(problems) {
    await this.#until(
      `help with ${problems}`,
      (wanted) =>
        JSON.stringify(
          [...document.querySelectorAll('[data-testid=device-help]')].map(({ dataset }) => dataset.problem),
        ) === wanted,
      JSON.stringify(problems),
    );
  }

  /** Nothing is said about a missing device any more. */
  async expectNoNotice() {
    await this.#at('media-notice').waitFor({ state: 'detached' });
  }

  /** Sees themselves move. */
  async expectToSeeThemselves() {
    const frames = () => document.querySelector('[data-testid=local-video]').getVideoPlaybackQuality().totalVideoFrames;
    const before = await this.page.evaluate(frames);
    await this.#until(
      'the own picture to move',
      (seen) =>
        document.querySelector('[data-testid=local-video]').getVideoPlaybackQuality().totalVideoFrames > seen + 2,
      before,
    );
  }

  /** The bar beside the microphone moves. */
  async expectLevel() {
    await this.#until(
      'the level to move',
      () => Number(document.querySelector('[data-testid=mic-level]')?.getAttribute('aria-valuenow')) > 20,
    );
  }

  async muteAtDoor() {
    await this.#at('prejoin-mute-button').click();
  }

  async darkenAtDoor() {
    await this.#at('prejoin-camera-button').click();
  }

  /** @param {'camera' | 'microphone' | 'speaker'} kind */
  async chooseDevice(kind, label) {
    await this.#at(`${kind}-select`).selectOption({ label });
    await this.expectDevice(kind, label);
  }

  /** Opens the dialog about devices, during a call. */
  async openDevices() {
    await this.#at('more-button').click();
    await this.#at('devices-button').click();
    await this.#at('camera-select').waitFor();
  }

  /** The device that a picker shows. */
  async expectDevice(kind, label) {
    await this.#until(
      `the ${kind} to be ${label}`,
      ([of, wanted]) => document.querySelector(`[data-testid=${of}-select]`)?.selectedOptions[0]?.label === wanted,
      [kind, label],
    );
  }

  /** Waits until these lights are on, and no others. */
  async expectDevicesInUse(kinds) {
    await this.#until(
      `${kinds} to be in use`,
      (wanted) =>
        String(
          window.probe.tracks
            .filter(({ readyState }) => readyState === 'live')
            .map(({ kind }) => kind)
            .sort(),
        ) === wanted,
      String(kinds),
    );
  }

  /** The labels of the tracks that are captured, in alphabetical order. */
  async tracksInUse() {
    const labels = await this.page.evaluate(() =>
      window.probe.tracks.filter(({ readyState }) => readyState === 'live').map(({ label }) => label),
    );
    return labels.sort();
  }

  /** How often the browser was asked for devices. */
  questions() {
    return this.page.evaluate(() => window.probe.questions());
  }

  /** The devices whose lights are on, in alphabetical order. */
  async devicesInUse() {
    const kinds = await this.page.evaluate(() =>
      window.probe.tracks.filter(({ readyState }) => readyState === 'live').map(({ kind }) => kind),
    );
    return kinds.sort();
  }

  // The network

  /** Has the page check the connection; the verdict, and the outcome of each thing that was tried. */
  async checkConnection() {
    await this.#at('connection-check-button').click();
    await this.#until(
      'a verdict on the connection',
      () => /good|doubtful|bad/.test(document.querySelector('[data-testid=connection-check-result]')?.dataset.verdict),
    );
    const verdict = await this.#at('connection-check-result').getAttribute('data-verdict');
    const lines = await this.#at('connection-line').evaluateAll((items) =>
      items.map(({ dataset }) => [dataset.kind, dataset.outcome]),
    );
    return { verdict, ...Object.fromEntries(lines) };
  }

  /** What the check of the connection says about one thing. @param {'server' | 'stun' | 'relay'} kind */
  connectionLine(kind) {
    return this.page.locator(`[data-testid=connection-line][data-kind=${kind}]`).innerText();
  }

  /** Cuts the connection to the server, as happens to a phone between two networks, and waits until the page is back. */
  async loseSocket() {
    await this.#until('a WebSocket to cut', () => window.probe.sockets.length > 0);
    const { length } = await this.joins();
    await this.page.evaluate(() => window.probe.sockets.at(-1).close());
    await this.#until('to join again', (times) => window.probe.joins().length > times, length);
  }

  async goOffline() {
    await this.page.context().setOffline(true);
  }

  async goOnline() {
    await this.page.context().setOffline(false);
  }

  // How it is done

  #at(testId) {
    return this.page.getByTestId(testId);
  }

  /** Waits until `condition`, evaluated in the page, holds. */
  #until(what, condition, argument) {
    return this.#expect(what, this.page.waitForFunction(condition, argument, { polling: 50 }));
  }

  /** Says, when `happening` fails, what the page looked like. */
  async #expect(what, happening) {
    try {
      return await happening;
    } catch (cause) {
      const seen = await this.page.evaluate(() => document.body.innerText).catch((error) => error.message);
      throw new Error(`${this.name} expected ${what} in vain. The page at ${this.page.url()} said:\n${seen}`, {
        cause,
      });
    }
  }
}
