// The page's connection to the server.

import { View } from './view.mjs';

export class SignalingView extends View {
  /** Packets received from the server, oldest first. */
  packets() {
    return this.page.evaluate(() => window.probe.packets);
  }

  /** Error codes of the server's refusals, oldest first. */
  async refusals() {
    const errors = (await this.packets()).filter((packet) => packet.startsWith('42["error"'));
    return errors.map((packet) => JSON.parse(packet.slice(2))[1].code);
  }

  /** The server's answers to this page's joins, oldest first. */
  joins() {
    return this.page.evaluate(() => window.probe.joins());
  }

  /** Participant id in the latest answer to a join. */
  async participant() {
    return (await this.joins()).at(-1).participant;
  }

  /** Closes the WebSocket, as a phone between two networks does, and waits until the page has rejoined. */
  async loseSocket() {
    await this.until('a WebSocket to cut', () => window.probe.sockets.length > 0);
    const { length } = await this.joins();
    await this.page.evaluate(() => window.probe.sockets.at(-1).close());
    await this.until('to join again', (times) => window.probe.joins().length > times, length);
  }

  async goOffline() {
    await this.page.context().setOffline(true);
  }

  async goOnline() {
    await this.page.context().setOffline(false);
  }
}
