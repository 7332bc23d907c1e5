// The media connections of a page, their ICE servers and paths, and the connection check.

import { View } from './view.mjs';

export class ConnectionView extends View {
  /** Number of RTCPeerConnections made; one in an uninterrupted call. */
  connectionCount() {
    return this.page.evaluate(() => window.probe.calls.length);
  }

  /** Number of offers made; at most one in an uninterrupted call. */
  offerCount() {
    return this.page.evaluate(() => window.probe.offers);
  }

  /** Waits until this page has made more than `count` offers. */
  async expectMoreOffersThan(count) {
    await this.until('another offer', (before) => window.probe.offers > before, count);
  }

  /** Restarts ICE, as after a change of the network. */
  async restartIce() {
    await this.page.evaluate(() => window.probe.calls.at(-1).restartIce());
  }

  /** ICE user name fragment of the local description; another one after each ICE restart. */
  iceFragment() {
    return this.page.evaluate(
      () => window.probe.calls.at(-1).currentLocalDescription.sdp.match(/a=ice-ufrag:(\S+)/)[1],
    );
  }

  /** Sets the round trip time that the page measures, in seconds; null for the real one. */
  async fakeRoundTripTime(seconds) {
    await this.page.evaluate((time) => {
      window.probe.roundTripTime = time;
    }, seconds);
  }

  /** ICE servers of all configurations of the page's connections. */
  async iceServers() {
    const configurations = await this.page.evaluate(() => window.probe.configurations);
    return configurations.flatMap(({ iceServers = [] }) => iceServers);
  }

  /** Distinct TURN user names of the page's connections, oldest first. */
  async turnUsernames() {
    const usernames = (await this.iceServers()).flatMap(({ username }) => username ?? []);
    return [...new Set(usernames)];
  }

  /** Waits for `count` distinct TURN user names. */
  async expectTurnUsernames(count) {
    await this.until(
      `${count} TURN user names`,
      (wanted) => {
        const servers = window.probe.configurations.flatMap(({ iceServers = [] }) => iceServers);
        return new Set(servers.flatMap(({ username }) => username ?? [])).size >= wanted;
      },
      count,
    );
  }

  /** Waits for a kind of path on the quality sign. @param {'direct' | 'relayed'} kind */
  async expectPath(kind) {
    await this.page.locator(`[data-testid=quality-sign][data-path=${kind}]`).waitFor();
  }

  /** ICE user name fragment of the selected local candidate; another one on a new path. */
  pathFragment() {
    return this.page.evaluate(async () => (await window.probe.localCandidate()).usernameFragment);
  }

  async expectOtherPathThan(fragment) {
    await this.until(
      'another path',
      async (before) => {
        const candidate = await window.probe.localCandidate();
        return candidate?.candidateType === 'relay' && candidate.usernameFragment !== before;
      },
      fragment,
    );
  }

  /** Runs the connection check. Returns its verdict and the outcome of each kind. */
  async check() {
    await this.at('connection-check-button').click();
    await this.until(
      'a verdict on the connection',
      () => /good|doubtful|bad/.test(document.querySelector('[data-testid=connection-check-result]')?.dataset.verdict),
    );
    const verdict = await this.at('connection-check-result').getAttribute('data-verdict');
    const outcomes = await this.at('connection-line').evaluateAll((items) =>
      items.map(({ dataset }) => [dataset.kind, dataset.outcome]),
    );
    return { verdict, ...Object.fromEntries(outcomes) };
  }

  /** Text of one result of the connection check. @param {'server' | 'stun' | 'relay'} kind */
  checkResult(kind) {
    return this.page.locator(`[data-testid=connection-line][data-kind=${kind}]`).innerText();
  }
}
