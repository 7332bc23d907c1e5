// The call: its state, its buttons and the tiles.

import { View } from './view.mjs';

/** @typedef {'muted' | 'camera-off' | 'sharing' | 'reconnecting'} PeerState as shown on the remote tile */

export class CallView extends View {
  /**
   * @param {'waiting' | 'connecting' | 'connected' | 'reconnecting' | 'full' | 'replaced' | 'ended'} state
   */
  async expectState(state) {
    await this.until(
      `the call to be ${state}`,
      (wanted) => document.querySelector('[data-testid=call-state]')?.dataset.state === wanted,
      state,
    );
  }

  async leave() {
    await this.at('leave-button').click();
    await this.expectState('ended');
  }

  async pressMute() {
    await this.at('mute-button').click();
  }

  async pressCamera() {
    await this.at('camera-button').click();
  }

  async pressShare() {
    await this.at('share-button').click();
  }

  /** Stops sharing by the browser's own button. */
  async stopSharingByBrowser() {
    await this.page.evaluate(() => {
      const screen = window.probe.screens.at(-1);
      screen.stop();
      screen.dispatchEvent(new Event('ended'));
    });
  }

  /** @param {PeerState} state */
  async expectPeerToBe(state) {
    await this.at(`peer-${state}`).waitFor();
  }

  /** @param {PeerState} state */
  async expectPeerNotToBe(state) {
    await this.at(`peer-${state}`).waitFor({ state: 'detached' });
  }

  /** @param {string} corner of the own tile: `start` or `end`, vertically and horizontally */
  async expectOwnPictureIn(corner) {
    await this.until(
      `the own picture in the corner ${corner}`,
      (wanted) => document.querySelector('[data-testid=own-tile]')?.dataset.corner === wanted,
      corner,
    );
  }

  /** Waits for the notice of a paused video. @param {'own' | 'peer'} whose */
  async expectPausedVideo(whose) {
    await this.page.locator(`[data-testid=video-paused][data-whose=${whose}]`).waitFor();
  }
}
