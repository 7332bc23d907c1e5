// Remote audio and video.

import { within } from '../../../clients/support/deadline.mjs';
import { View } from './view.mjs';

/** Minimum growth of counters while remote video plays. */
const VIDEO = { framesDecoded: 1, framesShown: 1 };

/** A hundredth of the audio energy of one beep of the browser's fake microphone. */
const AUDIBLE = 1e-3;

/** Minimum growth of counters while remote audio plays: packets alone may carry silence. */
const AUDIO = { bytesHeard: 1, loudness: AUDIBLE };

/** One second of samples, in which the fake microphone would beep twice. */
const SILENCE = { samples: 48_000, loudness: AUDIBLE };

export class MediaView extends View {
  /** Waits for moving remote video and audible remote audio. */
  async expectToSeeAndHear() {
    await this.#expectFlowOf({ ...VIDEO, ...AUDIO });
  }

  async expectToHear() {
    await this.#expectFlowOf(AUDIO);
  }

  /** Waits for two increases: the first could be the end of a flow that has stopped. */
  async #expectFlowOf(figures) {
    for (const more of ['more', 'still more']) {
      const receiving = this.page.evaluate((amounts) => window.probe.receiveMore(amounts), figures);
      await this.expect(`${more} of ${Object.keys(figures)}`, within(receiving, 'media'));
    }
  }

  async expectSilence() {
    const listening = this.page.evaluate((limits) => window.probe.hearNothing(limits), SILENCE);
    await this.expect('silence', within(listening, 'silence'));
  }

  /** Waits for a black remote video. */
  async expectBlackPicture() {
    await this.until('a black picture', () => window.probe.brightestSpot() < 32);
  }

  async expectBrightPicture() {
    await this.until('a bright picture', () => window.probe.brightestSpot() > 128);
  }

  /** Waits for a width of the remote video, in video pixels. */
  async expectPictureWidth(width) {
    await this.until(
      `a picture ${width} pixels wide`,
      (wanted) => document.querySelector('[data-testid=remote-video]').videoWidth === wanted,
      width,
    );
  }
}
